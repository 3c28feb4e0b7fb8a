// TrainBackend on an executor (body_ops.h) and an engine (body_conv.h). A
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
#include "fcis/kernels/cuda/body_losses.h"
#include "fcis/kernels/cuda/body_ops.h"
#include "fcis/kernels/cuda/body_parameter_math.h"
#include "fcis/kernels/cuda/body_train_conv.h"
#include "fcis/kernels/cuda/update_bodies.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {
namespace cuda {

template <typename Executor, typename Engine>
class BodyTrainBackend : public TrainBackend {
 public:
  explicit BodyTrainBackend(
      std::unique_ptr<BodyBackend<Executor, Engine>> forward)
      : forward_(std::move(forward)),
        executor_(&forward_->executor()),
        ops_(executor_),
        losses_(executor_),
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
        x.data, DataOf(residual), &y));
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
    ASSIGN_OR_RETURN(const Tensor sums, ops_.ChannelTotals(gy.data, gy.data));
    return executor_->Run(PutBody<double>{Elements<double>(sums), add, gbias},
                          sums.dim(1));
  }

  absl::Status Combine(const FeatureMap* gate, const FeatureMap* other,
                       FeatureMap* g) override {
    return ops_.Combine(DataOf(gate), DataOf(other), &g->data);
  }
  absl::Status ChannelSums(const FeatureMap& a, const FeatureMap& b,
                           double* sum, double* product) override {
    return ops_.ChannelSums(a.data, b.data, sum, product);
  }
  absl::StatusOr<FeatureMap> Affine(const ChannelAffine& affine,
                                    const FeatureMap& x,
                                    const FeatureMap* other) override {
    ASSIGN_OR_RETURN(const Tensor y,
                     ops_.Affine(affine, x.data, DataOf(other)));
    return FeatureMap{y.shape(), y};
  }

  absl::StatusOr<FeatureMap> MaxPool(const MaxPoolParams& params,
                                     const FeatureMap& x) override {
    ASSIGN_OR_RETURN(const Tensor y, ops::MaxPool(forward(), params, x.data));
    return FeatureMap{y.shape(), y};
  }
  absl::StatusOr<FeatureMap> MaxPoolGradient(const MaxPoolParams& params,
                                             const FeatureMap& x,
                                             const FeatureMap& gy) override {
    ASSIGN_OR_RETURN(const Tensor gx,
                     ops_.MaxPoolGradient(params, x.data, gy.data));
    return FeatureMap{gx.shape(), gx};
  }

  absl::Status PsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                                 const Tensor& gy, Tensor* gmaps) override {
    return ops_.PsroiMeanGradient(params, rois, gy, gmaps);
  }
  absl::Status PsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                                  const Tensor& rois, const Tensor& gscores,
                                  const Tensor& classes, const Tensor& gpairs,
                                  Tensor* gmaps) override {
    return ops_.PsroiClassGradient(params, maps, rois, gscores, classes, gpairs,
                                   gmaps);
  }

  absl::Status RpnLoss(const RpnLossParams& params, RpnLossArrays* arrays,
                       Tensor* terms) override {
    return losses_.Rpn(params, arrays, terms);
  }
  absl::Status HeadLoss(const HeadLossParams& params, HeadLossArrays* arrays,
                        Tensor* terms) override {
    return losses_.Head(params, arrays, terms);
  }

 private:
  using TrainedConv = BodyTrainConv<Executor, Engine>;

  static const Tensor* DataOf(const FeatureMap* map) {
    return map == nullptr ? nullptr : &map->data;
  }

  absl::StatusOr<FeatureMap> AsType(const Tensor& map, DType type) {
    if (map.type() == type) return FeatureMap{map.shape(), map};
    ASSIGN_OR_RETURN(const Tensor converted, ops_.Convert(map, type));
    return FeatureMap{map.shape(), converted};
  }

  const std::unique_ptr<BodyBackend<Executor, Engine>> forward_;
  Executor* const executor_;
  BodyOps<Executor> ops_;
  BodyLosses<Executor> losses_;
  BodyParameterMath<Executor> parameters_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_TRAIN_BACKEND_H_
