#include "fcis/kernels/ref/ref_backend.h"

#include <utility>

#include "fcis/kernels/device/device_backend.h"
#include "fcis/kernels/ref/plain_convs.h"

namespace fcis::kernels {

std::unique_ptr<Backend> MakeRefBackend(DType activation_type) {
  auto device = std::make_unique<HostDevice>();
  auto convs = std::make_unique<PlainConvs>(device.get(), activation_type);
  return std::make_unique<DeviceBackend>("ref", std::move(device),
                                         std::move(convs), activation_type);
}

}  // namespace fcis::kernels
