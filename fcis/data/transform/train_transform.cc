#include "fcis/data/transform/train_transform.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/base/internal/raw_logging.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/resize.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {
namespace {

// ResizeNearest, mirrored if asked, of the foreground alone: most of a mask is
// background.
class MaskResizer {
 public:
  MaskResizer(const Image& image, const PreparedSize& size, bool flip)
      : image_(image), size_(size), columns_(static_cast<size_t>(size.width)) {
    for (int x = 0; x < size.width; ++x) {
      columns_[static_cast<size_t>(flip ? size.width - 1 - x : x)] =
          NearestSource(x, image.width, size.width);
    }
  }

  std::vector<uint8_t> Resize(const std::vector<uint8_t>& mask) const {
    const PixelBox extent = MaskExtent(mask, image_.height, image_.width);
    std::vector<uint8_t> resized(static_cast<size_t>(size_.height) *
                                 size_.width);
    const auto within = [&](int column) {
      return column >= extent.x0 && column < extent.x1;
    };
    const auto first = std::find_if(columns_.begin(), columns_.end(), within);
    const auto last = std::find_if_not(first, columns_.end(), within);
    for (int y = 0; y < size_.height; ++y) {
      const int source = NearestSource(y, image_.height, size_.height);
      if (source < extent.y0 || source >= extent.y1) continue;
      const uint8_t* in =
          mask.data() + static_cast<int64_t>(source) * image_.width;
      uint8_t* out = resized.data() + static_cast<int64_t>(y) * size_.width +
                     (first - columns_.begin());
      for (auto column = first; column != last; ++column) *out++ = in[*column];
    }
    return resized;
  }

 private:
  const Image& image_;
  const PreparedSize size_;
  std::vector<int> columns_;  // of the mask, for those of the result
};

// ResizeBilinear, mirrored if asked.
std::vector<float> SmoothMask(const std::vector<uint8_t>& mask,
                              const Image& image, const PreparedSize& size,
                              bool flip) {
  const std::vector<float> in(mask.begin(), mask.end());
  std::vector<float> out(static_cast<size_t>(size.height) * size.width);
  ResizeBilinear(in.data(), image.height, image.width, out.data(), size.height,
                 size.width);
  if (!flip) return out;
  for (auto row = out.begin(); row != out.end(); row += size.width) {
    std::reverse(row, row + size.width);
  }
  return out;
}

Box BoxOf(const Instances& instances, size_t i, const Image& image,
          const GroundTruthConfig& rules) {
  if (!rules.boxes_of_masks()) return instances.boxes[i];
  return ToBox(MaskExtent(instances.masks[i], image.height, image.width));
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

absl::StatusOr<TrainSample> TransformForTraining(
    const Image& image, const Instances& instances, const InputConfig& config,
    bool flip, const GroundTruthConfig& rules) {
  const size_t pixels = static_cast<size_t>(image.height) * image.width;
  ABSL_RAW_CHECK(instances.labels.size() == instances.size() &&
                     instances.masks.size() == instances.size(),
                 "as many labels and masks as boxes");
  ABSL_RAW_CHECK(
      absl::c_all_of(instances.masks,
                     [&](const auto& mask) { return mask.size() == pixels; }) &&
          (instances.ignored.empty() || instances.ignored.size() == pixels),
      "masks of the picture's size");
  TrainSample sample;
  ASSIGN_OR_RETURN(sample.prepared, Prepare(image, config, flip));
  const PreparedSize size = SizeToPrepare(image.height, image.width, config);
  sample.scale = size.scale;
  const MaskResizer masks(image, size, flip);
  for (size_t i = 0; i < instances.size(); ++i) {
    Box box = BoxInPrepared(BoxOf(instances, i, image, rules), image.height,
                            image.width, size);
    if (RoundBox(box).empty()) continue;
    if (flip) {
      const float w = static_cast<float>(size.width);
      box = {w - box.x1, box.y0, w - box.x0, box.y1};
    }
    const std::vector<uint8_t>& mask = instances.masks[i];
    if (rules.smooth_masks()) {
      sample.smooth_masks.push_back(SmoothMask(mask, image, size, flip));
    }
    sample.instances.Add(
        box, instances.labels[i],
        rules.smooth_masks() ? std::vector<uint8_t>() : masks.Resize(mask));
  }
  if (!instances.ignored.empty()) {
    sample.instances.ignored = masks.Resize(instances.ignored);
  }
  return sample;
}

}  // namespace fcis::data
