// Max pooling over square windows, no padding; a window that the far border
// cuts off pools what is left of it (chainer's cover_all), so every input
// pixel is covered. The network uses 3x3, stride 2, after the stem.
#ifndef FCIS_KERNELS_OPS_MAX_POOL_H_
#define FCIS_KERNELS_OPS_MAX_POOL_H_

#include "absl/status/statusor.h"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

class Backend;

struct MaxPoolParams {
  int kernel = 3;
  int stride = 2;
};

namespace ops {

// [N,H,W,C] -> [N,H',W',C], H' = (H - kernel + stride - 1) / stride + 1,
// rounded down and at least 1: (H - 2) / 2 + 1 for 3x3, stride 2. (chainer
// refuses the one input that differs, H = 1.) Errors: rank, an empty extent,
// 1 <= stride <= kernel not met.
absl::StatusOr<Shape> InferMaxPoolShape(const MaxPoolParams& params,
                                        const Shape& x);

// x: f32 or the backend's activation type; the output has the type and the
// layout of x.
absl::StatusOr<Tensor> MaxPool(Backend& backend, const MaxPoolParams& params,
                               const Tensor& x);

}  // namespace ops
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_MAX_POOL_H_
