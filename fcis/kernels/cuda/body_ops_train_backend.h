// What training asks of a backend beside convolutions and updates, as bodies
// (body_ops.h, body_losses.h) on an executor. Feature maps are N,H,W,C.
#ifndef FCIS_KERNELS_CUDA_BODY_OPS_TRAIN_BACKEND_H_
#define FCIS_KERNELS_CUDA_BODY_OPS_TRAIN_BACKEND_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/body_losses.h"
#include "fcis/kernels/cuda/body_ops.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis {
namespace cuda {

template <typename Executor>
class BodyOpsTrainBackend : public TrainBackend {
 public:
  // The executor outlives the backend.
  explicit BodyOpsTrainBackend(Executor* executor)
      : ops_(executor), losses_(executor) {}

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

 protected:
  BodyOps<Executor>& ops() { return ops_; }

  static const Tensor* DataOf(const FeatureMap* map) {
    return map == nullptr ? nullptr : &map->data;
  }

 private:
  BodyOps<Executor> ops_;
  BodyLosses<Executor> losses_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_OPS_TRAIN_BACKEND_H_
