// Preparation: a picture becomes the network's input (docs/reference.md,
// Network 1 and Prediction 1).
#ifndef FCIS_CORE_IMAGE_PREPARE_H_
#define FCIS_CORE_IMAGE_PREPARE_H_

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/image/image.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

struct PreparedSize {
  int height = 0, width = 0;
  // Prepared height / original height, which the reference uses for both axes,
  // and the same of the widths. An axis that would have fallen below 1 pixel
  // has the ratio that was asked for: a box mapped back is right along the
  // other axis, and clipped along this one.
  double scale = 0, width_scale = 0;
};

// The size that a picture of height x width (>= 1) is resized to: the short
// side to min_size, unless the long one then passes max_size. Sides are
// truncated, as in the reference: 600 can become 599. A side never falls
// below 1 (the reference fails there).
PreparedSize SizeToPrepare(int height, int width, const InputConfig& config);

// f32 [1, height, width, 3], RGB minus the mean; `mirrored`: the same columns
// from right to left. Errors: an empty picture.
absl::StatusOr<Tensor> Prepare(const Image& image, const InputConfig& config,
                               bool mirrored = false);

}  // namespace fcis

#endif  // FCIS_CORE_IMAGE_PREPARE_H_
