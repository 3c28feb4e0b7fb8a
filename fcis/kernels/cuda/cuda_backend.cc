#include "fcis/kernels/cuda/cuda_backend.h"

#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/cuda_device.h"
#include "fcis/kernels/cuda/cudnn_convs.h"
#include "fcis/kernels/device/device_backend.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::kernels {
namespace {

absl::StatusOr<std::unique_ptr<Backend>> Make(
    std::unique_ptr<cuda::CudaDevice> device, DType activation_type,
    bool tf32) {
  ASSIGN_OR_RETURN(auto convs, cuda::CudnnConvs::Create(device.get(),
                                                        activation_type, tf32));
  return std::make_unique<DeviceBackend>("cuda", std::move(device),
                                         std::move(convs), activation_type);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(DType activation_type,
                                                         bool tf32) {
  ASSIGN_OR_RETURN(auto device, cuda::CudaDevice::Create());
  return Make(std::move(device), activation_type, tf32);
}

absl::StatusOr<std::unique_ptr<TrainBackend>> MakeCudaTrainBackend(
    DType activation_type, bool tf32) {
  ASSIGN_OR_RETURN(auto owned, cuda::CudaDevice::Create());
  cuda::CudaDevice* const device = owned.get();
  ASSIGN_OR_RETURN(auto forward, Make(std::move(owned), activation_type, tf32));
  return std::make_unique<TrainBackend>(
      std::move(forward), device, std::make_unique<ParameterMath>(device));
}

}  // namespace fcis::kernels
