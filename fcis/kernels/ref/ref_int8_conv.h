// Convolution of maps of 8 bits by the plain loops of plain_convs.h; see
// fcis/kernels/ops/int8_conv.h.
#ifndef FCIS_KERNELS_REF_REF_INT8_CONV_H_
#define FCIS_KERNELS_REF_REF_INT8_CONV_H_

#include <memory>

#include "absl/status/status.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/int8_conv.h"
#include "fcis/kernels/ref/plain_convs.h"

namespace fcis::kernels {

class RefInt8Conv : public Int8Convolution {
 public:
  RefInt8Conv(const Int8ConvParams& params, const Int8Weights& weights);

  absl::Status Forward(const Tensor& x, const Tensor* residual,
                       Tensor* y) override;

 private:
  PlainConvs convs_;
  std::unique_ptr<Convolution> sums_;  // of convs_
  const Int8Factors factors_;
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_REF_REF_INT8_CONV_H_
