#include "fcis/kernels/ref/ref_train_backend.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/body_ops_train_backend.h"
#include "fcis/kernels/cuda/host_executor.h"
#include "fcis/kernels/ref/ref_gradients.h"
#include "fcis/kernels/train/host_parameter_math.h"

namespace fcis {
namespace {

class RefTrainConv : public TrainConv {
 public:
  RefTrainConv(Backend* backend, const ConvParams& params, const Shape& shape,
               absl::Span<const float> factors)
      : TrainConv(params, shape),
        backend_(backend),
        factors_(OutputFactors::OutputsFirst(shape.num_elements(), shape.dim(0),
                                             factors)) {}

  const OutputFactors& factors() const override { return factors_; }
  std::string layout() const override { return "oihw"; }

  void ToStored(const Tensor& weight, float* stored) const override {
    std::copy_n(weight.data<float>(), weight.num_elements(), stored);
  }
  Tensor FromStored(const float* stored) const override {
    return Tensor::FromSpan(weight_shape(),
                            absl::MakeConstSpan(stored, factors_.size()));
  }

  absl::Status Set(const float* stored, const float* bias) override {
    folded = Tensor(weight_shape());
    factors_.Apply(stored, folded.mutable_data<float>());
    const int64_t out = weight_shape().dim(0);
    ASSIGN_OR_RETURN(
        prepared, ops::PrepareConv(
                      *backend_, params(), folded,
                      Tensor::FromSpan({out}, absl::MakeConstSpan(bias, out))));
    return absl::OkStatus();
  }

  Tensor folded;  // factor * w
  std::unique_ptr<PreparedConv> prepared;

 private:
  Backend* backend_;
  const OutputFactors factors_;
};

void Put(const Tensor& from, bool add, float* to) {
  for (const float v : from.span<float>()) {
    *to = add ? *to + v : v;
    ++to;
  }
}

class RefTrainBackend : public cuda::BodyOpsTrainBackend<cuda::HostExecutor> {
 public:
  explicit RefTrainBackend(std::unique_ptr<Backend> forward)
      : BodyOpsTrainBackend(cuda::HostExecutor::Shared()),
        forward_(std::move(forward)) {}

  Backend& forward() override { return *forward_; }
  ParameterMath& parameters() override { return parameters_; }

  absl::StatusOr<FeatureMap> Import(const Tensor& nhwc) override {
    return FeatureMap{nhwc.shape(), nhwc};
  }
  absl::StatusOr<Tensor> Export(const FeatureMap& map, DType) override {
    return map.data;
  }

  absl::StatusOr<std::unique_ptr<TrainConv>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    return absl::make_unique<RefTrainConv>(forward_.get(), params, weight_shape,
                                           factors);
  }

  absl::StatusOr<FeatureMap> Conv(TrainConv& conv, const FeatureMap& x,
                                  const FeatureMap* residual) override {
    auto& ref = static_cast<RefTrainConv&>(conv);
    Tensor y;
    if (residual == nullptr) {
      ASSIGN_OR_RETURN(y, ops::Conv(*forward_, *ref.prepared, x.data));
    } else {
      ASSIGN_OR_RETURN(
          y, ops::Conv(*forward_, *ref.prepared, x.data, residual->data));
    }
    return FeatureMap{y.shape(), y};
  }

  absl::Status ConvGradient(TrainConv& conv, const FeatureMap& x,
                            const FeatureMap& gy, bool add, float* gweight,
                            float* gbias, FeatureMap* gx) override {
    const ConvGradients g =
        RefConvGradients(conv.params(), x.data,
                         static_cast<RefTrainConv&>(conv).folded, gy.data);
    Put(g.weight, add, gweight);
    Put(g.bias, add, gbias);
    if (gx != nullptr) *gx = {x.shape, g.x};
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<Backend> forward_;
  HostParameterMath parameters_;
};

}  // namespace

std::unique_ptr<TrainBackend> MakeRefTrainBackend(
    std::unique_ptr<Backend> forward) {
  return absl::make_unique<RefTrainBackend>(std::move(forward));
}

}  // namespace fcis
