// Convolution as plain loops; see fcis/kernels/ops/conv.h.
#ifndef FCIS_KERNELS_REF_REF_CONV_H_
#define FCIS_KERNELS_REF_REF_CONV_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Weights are stored as O,I,KH,KW; only f32 is trained.
class RefConv : public TrainedConvolution {
 public:
  // Weights and inputs are rounded to `operand_type` (a type of maps).
  RefConv(const ConvParams& params, const Tensor& weight, const Tensor& bias,
          DType operand_type);
  // Of weights that Set sets.
  RefConv(const ConvParams& params, const Shape& weight_shape,
          absl::Span<const float> factors);

  const OutputFactors& factors() const override { return factors_; }
  std::string layout() const override { return "oihw"; }
  void ToStored(const Tensor& weight, float* stored) const override;
  Tensor FromStored(const float* stored) const override;
  absl::Status Set(const float* stored, const float* bias) override;

  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override;
  absl::StatusOr<Tensor> GradientOfX(const Shape& x, const Tensor& gy) override;
  absl::Status GradientOfWeight(const Tensor& x, const Tensor& gy, bool add,
                                float* gweight, float* gbias) override;

 private:
  const DType operand_type_;
  const OutputFactors factors_;
  Tensor folded_;  // factor * w
  Tensor weight_;  // that, rounded; kernel height, kernel width, in, out
  Tensor bias_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_REF_REF_CONV_H_
