// TrainBackend on an executor: bodies (body_ops.h, body_losses.h) of row-major
// feature maps.
#ifndef FCIS_KERNELS_BODIES_BODY_TRAIN_BACKEND_H_
#define FCIS_KERNELS_BODIES_BODY_TRAIN_BACKEND_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/kernels/bodies/body_losses.h"
#include "fcis/kernels/bodies/body_ops.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {
namespace cuda {

template <typename Executor>
class BodyTrainBackend : public TrainBackend {
 public:
  // The executor is that of `forward`, or outlives the backend; `parameters`
  // are in its memory.
  BodyTrainBackend(std::unique_ptr<Backend> forward, Executor* executor,
                   std::unique_ptr<ParameterMath> parameters)
      : forward_(std::move(forward)),
        parameters_(std::move(parameters)),
        ops_(executor),
        losses_(executor) {}

  Backend& forward() override { return *forward_; }
  ParameterMath& parameters() override { return *parameters_; }

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
  const std::unique_ptr<Backend> forward_;
  const std::unique_ptr<ParameterMath> parameters_;
  BodyOps<Executor> ops_;
  BodyLosses<Executor> losses_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_BODY_TRAIN_BACKEND_H_
