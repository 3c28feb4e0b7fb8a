// Convolution with bias, optional residual sum and optional ReLU:
//   y = relu?(conv(x, w) + bias + residual?)
// This is all of the network: frozen batch norm is folded into w and bias.
#ifndef FCIS_KERNELS_OPS_CONV_H_
#define FCIS_KERNELS_OPS_CONV_H_

#include <memory>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

class Backend;

struct ConvParams {
  int stride = 1;
  int pad = 0;       // zeros on every side
  int dilation = 1;  // 1 = dense kernel
  bool relu = false;
  // The output is f32 whatever the backend's activation type: for scores and
  // deltas.
  bool f32_output = false;
};

// A convolution whose weights a backend has put into its own layout. It may
// only be run by the backend that prepared it.
class PreparedConv {
 public:
  PreparedConv(const ConvParams& params, const Shape& weight_shape)
      : params_(params), weight_shape_(weight_shape) {}
  virtual ~PreparedConv() = default;

  const ConvParams& params() const { return params_; }
  // Out, in, kernel height, kernel width.
  const Shape& weight_shape() const { return weight_shape_; }

 private:
  const ConvParams params_;
  const Shape weight_shape_;
};

namespace ops {

// x: [N,H,W,in]; weight: [out,in,kh,kw] -> [N,H',W',out] with
// H' = (H + 2 pad - dilation (kh-1) - 1) / stride + 1, rounded down.
// Errors: ranks, empty extents, channels that differ, a kernel larger than the
// padded input.
absl::StatusOr<Shape> InferConvShape(const ConvParams& params, const Shape& x,
                                     const Shape& weight);

// weight: f32 [out,in,kh,kw], not empty; bias: f32 [out]. Errors: shapes,
// types, stride or dilation < 1, pad < 0.
absl::StatusOr<std::unique_ptr<PreparedConv>> PrepareConv(
    Backend& backend, const ConvParams& params, const Tensor& weight,
    const Tensor& bias);

// x: f32 or the backend's activation type.
absl::StatusOr<Tensor> Conv(Backend& backend, PreparedConv& conv,
                            const Tensor& x);

// residual: of the output's shape and type. The result takes over its memory
// when no other Tensor shares it, so hand it over with std::move.
absl::StatusOr<Tensor> Conv(Backend& backend, PreparedConv& conv,
                            const Tensor& x, Tensor residual);

}  // namespace ops
}  // namespace fcis

#endif  // FCIS_KERNELS_OPS_CONV_H_
