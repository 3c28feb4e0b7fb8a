// Convolutions on a device, forward and back, for inference and training: all
// that surrounds the sums, which a derived engine computes: plain loops
// (fcis/kernels/ref/plain_convs.h) or cuDNN (fcis/kernels/cuda/cudnn_convs.h).
//
// Operands of 16 bits that an engine does not take as they are are computed as
// the same numbers in f32: their products are exact there (in TF32, too, which
// has the bits of f16 and the range of bf16), so that the sums are those of the
// contract and only the last step rounds.
#ifndef FCIS_KERNELS_DEVICE_DEVICE_CONVS_H_
#define FCIS_KERNELS_DEVICE_DEVICE_CONVS_H_

#include <array>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

struct ConvProblem {
  ConvParams params;
  Shape weight;   // out, in, kernel height, kernel width
  Shape x, y;     // N,H,W,C
  DType operand;  // whose numbers x, the weight and gy are
  DType held;     // the type that holds them: operand, or f32

  // Equal for problems whose sums are the same.
  using Key = std::array<int64_t, 13>;
  Key key() const;
  // Equal for problems that differ in the size of their maps only.
  Key any_size_key() const;
};

class DeviceConvs : public ConvEngine {
 public:
  // The device outlives it. operand: the type that operands are rounded to, a
  // type of maps.
  DeviceConvs(ComputeDevice* device, DType operand)
      : device_(device), operand_(operand) {}

  absl::StatusOr<std::unique_ptr<Convolution>> Prepare(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override;
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> Make(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override;

  // All tensors are on the device: maps N,H,W,C, weights [out,kh,kw,in]. x, w,
  // gy, gx and gw are of problem.held. Errors: Unimplemented, with nothing
  // done, for what the engine does not compute; it computes all in f32 but a
  // residual.
  //
  // y = relu?(conv(x, w) + bias + residual?), summed in f32 or finer; bias: f32
  // [out]; residual, which may share y's memory: of y's type, the output's. y
  // may get other memory.
  virtual absl::Status Forward(const ConvProblem& problem, const Tensor& x,
                               const Tensor& w, const Tensor& bias,
                               const Tensor* residual, Tensor* y) = 0;
  virtual absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                                   const Tensor& gy, Tensor* gx) = 0;
  virtual absl::Status GradientOfWeight(const ConvProblem& problem,
                                        const Tensor& x, const Tensor& gy,
                                        Tensor* gw) = 0;

  ComputeDevice* device() const { return device_; }
  DType operand() const { return operand_; }

 private:
  ComputeDevice* const device_;
  const DType operand_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_DEVICE_CONVS_H_
