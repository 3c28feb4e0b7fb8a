// Launches that several parts of a device's backend share.
#ifndef FCIS_KERNELS_DEVICE_DEVICE_OPS_H_
#define FCIS_KERNELS_DEVICE_DEVICE_OPS_H_

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/device/compute_device.h"

namespace fcis::kernels {

// A map on the device as another type, from f32 to one of 16 bits or back.
absl::StatusOr<Tensor> ConvertOn(ComputeDevice* device, const Tensor& x,
                                 DType type);

// f64 [2,channels] on the device: what TrainBackend::ChannelSums sums up, of
// maps on the device.
absl::StatusOr<Tensor> ChannelTotalsOn(ComputeDevice* device, const Tensor& a,
                                       const Tensor& b);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_DEVICE_OPS_H_
