// Convolution with bias, optional residual sum and optional ReLU:
//   y = relu?(conv(x, w) + bias + residual?)
// This is all of the network: frozen batch norm is folded into w and bias.
#ifndef FCIS_KERNELS_OPS_CONV_H_
#define FCIS_KERNELS_OPS_CONV_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/output_factors.h"

namespace fcis::kernels {

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

// The rows of zeros that a convolution takes to stand above and below its
// input.
struct RowPads {
  int64_t top = 0, bottom = 0;
};

// How a CPU's convolutions are computed, in f32 and, without AMX, in bf16 and
// 8 bits.
// kWinograd: 3x3 kernels by a quarter of the products
// (fcis/kernels/cpu/wino_conv.h, which states the error); kAuto: where that is
// faster, which the shapes alone decide. In training all passes are; what is
// too small for it is by oneDNN 2's Winograd kernels. kDirect forbids both.
enum class ConvAlgorithm { kAuto, kDirect, kWinograd };

// A convolution of a backend's, which outlives it. Its calls are the backend's:
// one at a time unless that is concurrent(), with valid shapes and types.
// Callers use ops::Conv.
class Convolution {
 public:
  Convolution(const ConvParams& params, const Shape& weight_shape)
      : params_(params), weight_shape_(weight_shape) {}
  virtual ~Convolution() = default;

  const ConvParams& params() const { return params_; }
  // Out, in, kernel height, kernel width.
  const Shape& weight_shape() const { return weight_shape_; }
  // "direct" or "winograd": by which Forward(x, residual, ...) runs.
  virtual absl::string_view AlgorithmFor(const Tensor& /*x*/,
                                         const Tensor* /*residual*/) const {
    return "direct";
  }

  // y has x's layout. residual: null, or a map like y; it may share y's memory.
  // By ForwardRows unless overridden.
  virtual absl::Status Forward(const Tensor& x, const Tensor* residual,
                               Tensor* y);

  // Whether ForwardRows computes rows of the convolution of such a map,
  // N,H,W,C.
  virtual bool TakesRows(const Shape& /*x*/) const { return false; }
  // Rows of y from those of x that they are made of, both row-major, as if
  // params().pad were `pads` above and below; at the sides it holds. The bits
  // are those of the whole map.
  virtual absl::Status ForwardRows(const Tensor& x, const RowPads& pads,
                                   const Tensor* residual, Tensor* y);

  // Does what the first Forward of such maps, row-major, would have to do
  // before it computes, or ForwardRows where the pads are not params().pad.
  // residual: one that y takes over. Errors: those of Forward.
  virtual absl::Status Expect(const Shape& /*x*/, const RowPads& /*pads*/,
                              const Shape& /*y*/, DType /*y_type*/,
                              bool /*residual*/) {
    return absl::OkStatus();
  }

 private:
  const ConvParams params_;
  const Shape weight_shape_;
};

// One whose weights change. With a factor per output channel (a folded batch
// norm) it computes
//   y = relu?(conv(x, factor * w) + bias + residual?)
// Weights, their gradients and moments are "stored": f32 in a layout of the
// backend's, the same for all of them, in the memory of its ParameterMath;
// padding is 0 and stays 0.
class TrainedConvolution : public Convolution {
 public:
  using Convolution::Convolution;

  // The number of stored elements, and the factor of each.
  virtual const OutputFactors& factors() const = 0;
  // Names the layout: stored weights of equal layouts can be added.
  virtual std::string layout() const = 0;
  // Between the file's order and that layout, in host memory.
  virtual void ToStored(const Tensor& weight, float* stored) const = 0;
  virtual Tensor FromStored(const float* stored) const = 0;

  // The weights and the bias to compute with from now on; `bias` has an
  // element per output channel and is added as it is.
  virtual absl::Status Set(const float* stored, const float* bias) = 0;

  // gy: the gradient before the ReLU, in the layout of y. The gradient of x is
  // like x.
  virtual absl::StatusOr<Tensor> GradientOfX(const Shape& x,
                                             const Tensor& gy) = 0;
  // gweight (stored) and gbias receive the gradients of factor * w and of the
  // bias, or have them added.
  virtual absl::Status GradientOfWeight(const Tensor& x, const Tensor& gy,
                                        bool add, float* gweight,
                                        float* gbias) = 0;
};

// What makes a backend's convolutions, which it outlives: oneDNN
// (fcis/kernels/cpu/dnnl_conv.h), plain loops (fcis/kernels/ref/plain_convs.h)
// or cuDNN (fcis/kernels/cuda/cudnn_convs.h). One call at a time, as of the
// backend.
class ConvEngine {
 public:
  virtual ~ConvEngine() = default;

  // Whether f32 operands are multiplied as TF32.
  virtual bool tf32() const { return false; }
  // As Backend::PrepareConv and Backend::MakeConv.
  virtual absl::StatusOr<std::unique_ptr<Convolution>> Prepare(
      const ConvParams& params, const Tensor& weight, const Tensor& bias) = 0;
  virtual absl::StatusOr<std::unique_ptr<TrainedConvolution>> Make(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) = 0;
};

namespace ops {

// x: [N,H,W,in]; weight: [out,in,kh,kw] -> [N,H',W',out] with
// H' = (H + 2 pad - dilation (kh-1) - 1) / stride + 1, rounded down.
// Errors: ranks, empty extents, channels that differ, a kernel larger than the
// padded input.
absl::StatusOr<Shape> InferConvShape(const ConvParams& params, const Shape& x,
                                     const Shape& weight);

// Errors: stride or dilation < 1, pad < 0. op: whose they are, as messages
// begin.
absl::Status CheckConvParams(absl::string_view op, const ConvParams& params);

// The type of a map of floats that such a convolution makes.
DType ConvOutputType(const Backend& backend, const ConvParams& params);

// A convolution whose weights are set once. weight: f32 [out,in,kh,kw], not
// empty; bias: f32 [out]. Errors: shapes, types, stride or dilation < 1, pad <
// 0.
absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
    Backend& backend, const ConvParams& params, const Tensor& weight,
    const Tensor& bias);

// x: f32 or the backend's activation type, in any layout, which is the
// result's. residual: of the output's shape, type and layout. The result takes
// over its memory when no other Tensor shares it, so hand it over with
// std::move.
absl::StatusOr<Tensor> Conv(Backend& backend, Convolution& conv,
                            const Tensor& x,
                            absl::optional<Tensor> residual = {});

}  // namespace ops
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_CONV_H_
