#include "fcis/data/transform/train_transform.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/resize.h"

namespace fcis {
namespace {

absl::Status CheckInstances(const Image& image, const Instances& in) {
  const size_t n = in.boxes.size();
  if (in.labels.size() != n || in.masks.size() != n) {
    return absl::InvalidArgumentError(
        absl::StrCat(n, " boxes, ", in.labels.size(), " labels and ",
                     in.masks.size(), " masks; expected as many of each"));
  }
  const size_t pixels = static_cast<size_t>(image.height) * image.width;
  for (const auto& mask : in.masks) {
    if (mask.size() != pixels) {
      return absl::InvalidArgumentError(
          absl::StrCat("a mask of ", mask.size(), " pixels for a picture of ",
                       image.height, "x", image.width));
    }
  }
  return absl::OkStatus();
}

// Mirrors [rows][columns][channels].
template <typename T>
void FlipColumns(T* values, int64_t rows, int64_t columns, int64_t channels) {
  for (int64_t r = 0; r < rows; ++r) {
    T* row = values + r * columns * channels;
    for (int64_t a = 0, b = columns - 1; a < b; ++a, --b) {
      std::swap_ranges(row + a * channels, row + (a + 1) * channels,
                       row + b * channels);
    }
  }
}

}  // namespace

Box BoxInPrepared(const Box& box, int height, int width,
                  const PreparedSize& prepared) {
  const float sy =
      static_cast<float>(static_cast<double>(prepared.height) / height);
  const float sx =
      static_cast<float>(static_cast<double>(prepared.width) / width);
  return {box.x0 * sx, box.y0 * sy, box.x1 * sx, box.y1 * sy};
}

absl::StatusOr<TrainSample> TransformForTraining(const Image& image,
                                                 const Instances& instances,
                                                 const InputConfig& config,
                                                 bool flip) {
  RETURN_IF_ERROR(CheckInstances(image, instances));
  TrainSample sample;
  ASSIGN_OR_RETURN(sample.prepared, Prepare(image, config));
  const PreparedSize size = SizeToPrepare(image.height, image.width, config);
  sample.scale = size.scale;
  const int height = size.height, width = size.width;
  for (size_t i = 0; i < instances.size(); ++i) {
    Box box =
        BoxInPrepared(instances.boxes[i], image.height, image.width, size);
    if (RoundBox(box).empty()) continue;
    std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
    ResizeNearest(instances.masks[i].data(), image.height, image.width,
                  mask.data(), height, width);
    if (flip) {
      const float w = static_cast<float>(width);
      box = {w - box.x1, box.y0, w - box.x0, box.y1};
      FlipColumns(mask.data(), height, width, 1);
    }
    sample.instances.Add(box, instances.labels[i], std::move(mask));
  }
  if (flip) {
    FlipColumns(sample.prepared.mutable_data<float>(), height, width, 3);
  }
  return sample;
}

}  // namespace fcis
