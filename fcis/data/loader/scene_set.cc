#include "fcis/data/loader/scene_set.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/data/synth/scene.h"
#include "fcis/data/synth/shape.h"

namespace fcis::data {

SceneSet::SceneSet(uint64_t seed, int64_t count, int height, int width)
    : seed_(seed),
      count_(count),
      height_(height),
      width_(width),
      class_names_(kShapeNames.begin(), kShapeNames.end()) {}

std::string SceneSet::ImageId(int64_t index) const {
  return absl::StrCat("scene ", index, " of seed ", seed_);
}

absl::StatusOr<LabelledImage> SceneSet::Get(int64_t index) const {
  Scene scene =
      PaintScene(height_, width_, seed_, static_cast<uint64_t>(index));
  LabelledImage picture;
  picture.image = std::move(scene.image);
  for (const SceneObject& object : scene.objects) {
    std::vector<uint8_t> mask(static_cast<size_t>(height_) * width_);
    RETURN_IF_ERROR(DecodeRowMajor(object.mask, absl::MakeSpan(mask)));
    picture.instances.Add(BoxFromXywh(RleToBbox(object.mask)), object.label + 1,
                          std::move(mask));
  }
  return picture;
}

}  // namespace fcis::data
