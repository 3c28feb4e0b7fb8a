// TrainBackend on an executor (body_ops.h) and an engine (body_conv.h). Feature
// maps are row-major.
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

  absl::StatusOr<std::unique_ptr<TrainConv>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    auto conv = absl::make_unique<TrainedConv>(
        executor_, &forward_->engine(), params, weight_shape,
        forward_->activation_type(), factors);
    RETURN_IF_ERROR(conv->Prepare());
    return std::unique_ptr<TrainConv>(std::move(conv));
  }
  absl::StatusOr<Tensor> Conv(TrainConv& conv, const Tensor& x,
                              const Tensor* residual) override {
    ASSIGN_OR_RETURN(
        const Shape shape,
        ops::InferConvShape(conv.params(), x.shape(), conv.weight_shape()));
    ASSIGN_OR_RETURN(Tensor y,
                     executor_->Allocate(shape, forward_->activation_type()));
    RETURN_IF_ERROR(
        static_cast<TrainedConv&>(conv).conv().Forward(x, residual, &y));
    return y;
  }
  absl::Status ConvGradient(TrainConv& conv, const Tensor& x, const Tensor& gy,
                            bool add, float* gweight, float* gbias,
                            Tensor* gx) override {
    auto& of = static_cast<TrainedConv&>(conv).conv();
    ASSIGN_OR_RETURN(const Tensor gw, of.GradientOfWeight(x, gy));
    if (gx != nullptr) {
      ASSIGN_OR_RETURN(*gx, of.GradientOfX(x.shape(), gy));
    }
    RETURN_IF_ERROR(executor_->Run(
        PutBody<float>{Elements<float>(gw), add, gweight}, gw.num_elements()));
    ASSIGN_OR_RETURN(const Tensor sums, ops_.ChannelTotals(gy, gy));
    return executor_->Run(PutBody<double>{Elements<double>(sums), add, gbias},
                          sums.dim(1));
  }

  absl::Status Combine(const Tensor* gate, const Tensor* other,
                       Tensor* g) override {
    return ops_.Combine(gate, other, g);
  }
  absl::Status ChannelSums(const Tensor& a, const Tensor& b, double* sum,
                           double* product) override {
    return ops_.ChannelSums(a, b, sum, product);
  }
  absl::StatusOr<Tensor> Affine(const ChannelAffine& affine, const Tensor& x,
                                const Tensor* other) override {
    return ops_.Affine(affine, x, other);
  }

  absl::StatusOr<Tensor> MaxPoolGradient(const MaxPoolParams& params,
                                         const Tensor& x,
                                         const Tensor& gy) override {
    return ops_.MaxPoolGradient(params, x, gy);
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

  const std::unique_ptr<BodyBackend<Executor, Engine>> forward_;
  Executor* const executor_;
  BodyOps<Executor> ops_;
  BodyLosses<Executor> losses_;
  BodyParameterMath<Executor> parameters_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_TRAIN_BACKEND_H_
