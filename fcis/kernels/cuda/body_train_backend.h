// The training backend of a device: bodies on an executor
// (body_ops_train_backend.h) and an engine for convolutions (body_conv.h). A
// feature map is a tensor N,H,W,C of the activation type on the device.
#ifndef FCIS_KERNELS_CUDA_BODY_TRAIN_BACKEND_H_
#define FCIS_KERNELS_CUDA_BODY_TRAIN_BACKEND_H_

#include <memory>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/body_backend.h"
#include "fcis/kernels/cuda/body_ops_train_backend.h"
#include "fcis/kernels/cuda/body_parameter_math.h"
#include "fcis/kernels/cuda/body_train_conv.h"
#include "fcis/kernels/cuda/update_bodies.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {
namespace cuda {

template <typename Executor, typename Engine>
class BodyTrainBackend : public BodyOpsTrainBackend<Executor> {
 public:
  explicit BodyTrainBackend(
      std::unique_ptr<BodyBackend<Executor, Engine>> forward)
      : BodyOpsTrainBackend<Executor>(&forward->executor()),
        forward_(std::move(forward)),
        executor_(&forward_->executor()),
        parameters_(executor_) {}

  Backend& forward() override { return *forward_; }
  ParameterMath& parameters() override { return parameters_; }

  absl::StatusOr<FeatureMap> Import(const Tensor& nhwc) override {
    ASSIGN_OR_RETURN(Tensor map, executor_->ToDevice(nhwc));
    return AsType(map, forward().activation_type());
  }
  absl::StatusOr<Tensor> Export(const FeatureMap& map, DType type) override {
    ASSIGN_OR_RETURN(const FeatureMap out, AsType(map.data, type));
    return out.data;
  }

  absl::StatusOr<std::unique_ptr<TrainConv>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    auto conv = absl::make_unique<TrainedConv>(
        executor_, &forward_->engine(), params, weight_shape,
        forward_->activation_type(), factors);
    RETURN_IF_ERROR(conv->Prepare());
    return std::unique_ptr<TrainConv>(std::move(conv));
  }
  absl::StatusOr<FeatureMap> Conv(TrainConv& conv, const FeatureMap& x,
                                  const FeatureMap* residual) override {
    ASSIGN_OR_RETURN(
        const Shape shape,
        ops::InferConvShape(conv.params(), x.shape, conv.weight_shape()));
    ASSIGN_OR_RETURN(Tensor y,
                     executor_->Allocate(shape, forward_->activation_type()));
    RETURN_IF_ERROR(static_cast<TrainedConv&>(conv).conv().Forward(
        x.data, this->DataOf(residual), &y));
    return FeatureMap{shape, y};
  }
  absl::Status ConvGradient(TrainConv& conv, const FeatureMap& x,
                            const FeatureMap& gy, bool add, float* gweight,
                            float* gbias, FeatureMap* gx) override {
    auto& of = static_cast<TrainedConv&>(conv).conv();
    ASSIGN_OR_RETURN(const Tensor gw, of.GradientOfWeight(x.data, gy.data));
    if (gx != nullptr) {
      ASSIGN_OR_RETURN(const Tensor g, of.GradientOfX(x.shape, gy.data));
      *gx = {x.shape, g};
    }
    RETURN_IF_ERROR(executor_->Run(
        PutBody<float>{Elements<float>(gw), add, gweight}, gw.num_elements()));
    ASSIGN_OR_RETURN(const Tensor sums,
                     this->ops().ChannelTotals(gy.data, gy.data));
    return executor_->Run(PutBody<double>{Elements<double>(sums), add, gbias},
                          sums.dim(1));
  }

 private:
  using TrainedConv = BodyTrainConv<Executor, Engine>;

  absl::StatusOr<FeatureMap> AsType(const Tensor& map, DType type) {
    if (map.type() == type) return FeatureMap{map.shape(), map};
    ASSIGN_OR_RETURN(const Tensor converted, this->ops().Convert(map, type));
    return FeatureMap{map.shape(), converted};
  }

  const std::unique_ptr<BodyBackend<Executor, Engine>> forward_;
  Executor* const executor_;
  BodyParameterMath<Executor> parameters_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_TRAIN_BACKEND_H_
