// The sums of convolutions by plain loops, in double: the oracle of the other
// engines. On any device whose memory the host reads: the host's own, and the
// tests' emulated GPU.
#ifndef FCIS_KERNELS_REF_PLAIN_CONVS_H_
#define FCIS_KERNELS_REF_PLAIN_CONVS_H_

#include "absl/status/status.h"
#include "fcis/kernels/device/device_convs.h"

namespace fcis::kernels {

class PlainConvs : public DeviceConvs {
 public:
  using DeviceConvs::DeviceConvs;

  absl::Status Forward(const ConvProblem& problem, const Tensor& x,
                       const Tensor& w, const Tensor& bias,
                       const Tensor* residual, Tensor* y) override;
  absl::Status GradientOfX(const ConvProblem& problem, const Tensor& w,
                           const Tensor& gy, Tensor* gx) override;
  absl::Status GradientOfWeight(const ConvProblem& problem, const Tensor& x,
                                const Tensor& gy, Tensor* gw) override;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_REF_PLAIN_CONVS_H_
