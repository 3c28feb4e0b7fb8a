#include "fcis/kernels/ref/ref_backend.h"

#include "absl/memory/memory.h"
#include "fcis/kernels/bodies/body_ops_backend.h"
#include "fcis/kernels/bodies/host_executor.h"
#include "fcis/kernels/ref/ref_conv.h"

namespace fcis::kernels {
namespace {

class RefBackend : public cuda::BodyOpsBackend<cuda::HostExecutor> {
 public:
  explicit RefBackend(DType activation_type)
      : activation_type_(activation_type) {}

  absl::string_view name() const override { return "ref"; }
  DType activation_type() const override { return activation_type_; }

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

 private:
  const DType activation_type_;
};

}  // namespace

std::unique_ptr<Backend> MakeRefBackend(DType activation_type) {
  return absl::make_unique<RefBackend>(activation_type);
}

}  // namespace fcis::kernels
