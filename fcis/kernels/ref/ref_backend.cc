#include "fcis/kernels/ref/ref_backend.h"

#include <algorithm>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/device/device_backend.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/kernels/ref/plain_convs.h"
#include "fcis/kernels/ref/ref_int8_conv.h"

namespace fcis::kernels {
namespace {

class RefBackend : public DeviceBackend {
 public:
  // Takes the device and the convolutions over.
  RefBackend(HostDevice* device, DType activation_type, bool int8)
      : DeviceBackend("ref", std::unique_ptr<HostDevice>(device),
                      std::make_unique<PlainConvs>(device, activation_type),
                      activation_type),
        int8_(int8) {}

  bool computes_int8() const override { return int8_; }
  absl::string_view precision() const override {
    return int8_ ? "int8" : DeviceBackend::precision();
  }

  absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
      const Int8ConvParams& params, const Int8Weights& weights) override {
    return std::make_unique<RefInt8Conv>(params, weights);
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    if (x.type() != DType::kU8) return DeviceBackend::MaxPool(params, x, y);
    // Whole numbers, as floats.
    Tensor values(y->shape());
    RETURN_IF_ERROR(
        DeviceBackend::MaxPool(params, FromInt8(x, 1, DType::kF32), &values));
    const Tensor coded = ToInt8(values, {DType::kU8, 1});
    std::copy_n(coded.data<uint8_t>(), coded.num_elements(),
                y->mutable_data<uint8_t>());
    return absl::OkStatus();
  }

 private:
  const bool int8_;
};

}  // namespace

std::unique_ptr<Backend> MakeRefBackend(DType activation_type, bool int8) {
  return std::make_unique<RefBackend>(new HostDevice, activation_type, int8);
}

}  // namespace fcis::kernels
