// TrainBackend's RpnLoss and HeadLoss on a device: launches only, nothing is
// read on the host. Arguments: fcis/kernels/losses/network_losses.h.
#ifndef FCIS_KERNELS_DEVICE_DEVICE_LOSSES_H_
#define FCIS_KERNELS_DEVICE_DEVICE_LOSSES_H_

#include "absl/status/status.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/losses/network_losses.h"

namespace fcis::kernels {

absl::Status RpnLossOn(ComputeDevice* device, const RpnLossParams& params,
                       RpnLossArrays* arrays, Tensor* terms);
absl::Status HeadLossOn(ComputeDevice* device, const HeadLossParams& params,
                        HeadLossArrays* arrays, Tensor* terms);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_DEVICE_LOSSES_H_
