#include "fcis/kernels/ref/ref_backend.h"

#include <algorithm>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/body_ops_backend.h"
#include "fcis/kernels/bodies/host_executor.h"
#include "fcis/kernels/ref/ref_conv.h"
#include "fcis/kernels/ref/ref_int8_conv.h"

namespace fcis::kernels {
namespace {

class RefBackend : public cuda::BodyOpsBackend<cuda::HostExecutor> {
 public:
  RefBackend(DType activation_type, bool int8)
      : activation_type_(activation_type), int8_(int8) {}

  absl::string_view name() const override { return "ref"; }
  DType activation_type() const override { return activation_type_; }
  bool computes_int8() const override { return int8_; }
  absl::string_view precision() const override {
    return int8_ ? "int8" : Backend::precision();
  }

  absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    return absl::make_unique<RefConv>(params, weight, bias, activation_type_);
  }
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    if (activation_type_ != DType::kF32) {
      return Backend::MakeConv(params, weight_shape, factors);
    }
    return absl::make_unique<RefConv>(params, weight_shape, factors);
  }

  absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
      const Int8ConvParams& params, const Int8Weights& weights) override {
    return absl::make_unique<RefInt8Conv>(params, weights);
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    if (x.type() != DType::kU8) return ops().MaxPool(params, x, y);
    // Whole numbers, as floats.
    Tensor values(y->shape());
    RETURN_IF_ERROR(
        ops().MaxPool(params, FromInt8(x, 1, DType::kF32), &values));
    const Tensor coded = ToInt8(values, {DType::kU8, 1});
    std::copy_n(coded.data<uint8_t>(), coded.num_elements(),
                y->mutable_data<uint8_t>());
    return absl::OkStatus();
  }

 private:
  const DType activation_type_;
  const bool int8_;
};

}  // namespace

std::unique_ptr<Backend> MakeRefBackend(DType activation_type, bool int8) {
  return absl::make_unique<RefBackend>(activation_type, int8);
}

}  // namespace fcis::kernels
