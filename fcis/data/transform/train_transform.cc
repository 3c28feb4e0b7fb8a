#include "fcis/data/transform/train_transform.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/prepare.h"
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

absl::StatusOr<TrainSample> TransformForTraining(const Image& image,
                                                 const Instances& instances,
                                                 const InputConfig& config,
                                                 bool flip) {
  RETURN_IF_ERROR(CheckInstances(image, instances));
  TrainSample sample;
  ASSIGN_OR_RETURN(sample.prepared, Prepare(image, config));
  sample.scale = SizeToPrepare(image.height, image.width, config).scale;
  const int height = static_cast<int>(sample.prepared.dim(1));
  const int width = static_cast<int>(sample.prepared.dim(2));
  const float sy =
      static_cast<float>(static_cast<double>(height) / image.height);
  const float sx = static_cast<float>(static_cast<double>(width) / image.width);
  for (size_t i = 0; i < instances.boxes.size(); ++i) {
    const Box& b = instances.boxes[i];
    Box box = {b.x0 * sx, b.y0 * sy, b.x1 * sx, b.y1 * sy};
    if (RoundBox(box).empty()) continue;
    std::vector<uint8_t> mask(static_cast<size_t>(height) * width);
    ResizeNearest(instances.masks[i].data(), image.height, image.width,
                  mask.data(), height, width);
    if (flip) {
      const float w = static_cast<float>(width);
      box = {w - box.x1, box.y0, w - box.x0, box.y1};
      FlipColumns(mask.data(), height, width, 1);
    }
    sample.instances.boxes.push_back(box);
    sample.instances.labels.push_back(instances.labels[i]);
    sample.instances.masks.push_back(std::move(mask));
  }
  if (flip) {
    FlipColumns(sample.prepared.mutable_data<float>(), height, width, 3);
  }
  return sample;
}

}  // namespace fcis
