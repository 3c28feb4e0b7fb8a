// Convolution with bias, optional residual sum and optional ReLU:
//   y = relu?(conv(x, w) + bias + residual?)
// This is all of the network: frozen batch norm is folded into w and bias.
#ifndef FCIS_KERNELS_OPS_CONV_H_
#define FCIS_KERNELS_OPS_CONV_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

struct ConvParams {
  int stride = 1;
  int pad = 0;       // zeros on every side
  int dilation = 1;  // 1 = dense kernel
  bool relu = false;
};

// A convolution whose weights a backend has put into its own layout. It may
// only be run by the backend that prepared it, from one thread at a time.
class PreparedConv {
 public:
  PreparedConv(const ConvParams& params, const Shape& weight_shape)
      : params_(params), weight_shape_(weight_shape) {}
  virtual ~PreparedConv() = default;

  const ConvParams& params() const { return params_; }
  // Out, in, kernel height, kernel width.
  const Shape& weight_shape() const { return weight_shape_; }

 private:
  ConvParams params_;
  Shape weight_shape_;
};

class Backend;

namespace ops {

// x: [N,H,W,in]; weight: [out,in,kh,kw] -> [N,H',W',out] with
// H' = (H + 2 pad - dilation (kh-1) - 1) / stride + 1, rounded down.
// Errors: ranks, channels that differ, a kernel larger than the padded input.
absl::StatusOr<Shape> InferConvShape(const ConvParams& params, const Shape& x,
                                     const Shape& weight);

// weight: f32 [out,in,kh,kw]; bias: f32 [out].
absl::StatusOr<std::unique_ptr<PreparedConv>> PrepareConv(
    Backend& backend, const ConvParams& params, const Tensor& weight,
    const Tensor& bias);

// residual: null, or of the output's shape and type. Output: the backend's
// activation type.
absl::StatusOr<Tensor> Conv(Backend& backend, const PreparedConv& conv,
                            const Tensor& x, const Tensor* residual = nullptr);

}  // namespace ops
}  // namespace fcis

#endif  // FCIS_KERNELS_OPS_CONV_H_
