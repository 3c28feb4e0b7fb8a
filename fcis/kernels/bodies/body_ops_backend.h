// The ops of a backend that are bodies (body_ops.h), on an executor. What is
// left to a backend is its convolutions and the ops that it has a faster way
// for.
#ifndef FCIS_KERNELS_BODIES_BODY_OPS_BACKEND_H_
#define FCIS_KERNELS_BODIES_BODY_OPS_BACKEND_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/bodies/body_ops.h"

namespace fcis::kernels {
namespace cuda {

template <typename Executor>
class BodyOpsBackend : public Backend {
 public:
  explicit BodyOpsBackend(
      std::unique_ptr<Executor> executor = std::make_unique<Executor>())
      : executor_(std::move(executor)), ops_(executor_.get()) {}

  Executor& executor() { return *executor_; }

  absl::StatusOr<Tensor> AllocateMap(const Shape& shape, DType type) override {
    return executor_->Allocate(shape, type);
  }
  absl::StatusOr<Tensor> ToHost(const Tensor& map) override {
    return executor_->ToHost(map);
  }
  absl::StatusOr<Tensor> ToDevice(const Tensor& t) override {
    return executor_->ToDevice(t);
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    return ops_.MaxPool(params, x, y);
  }
  absl::Status PsroiPool(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) override {
    return ops_.PsroiPool(params, maps, rois, y);
  }
  absl::Status PsroiMean(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) override {
    return ops_.PsroiMean(params, maps, rois, y);
  }
  absl::Status PsroiClassScores(const PsroiParams& params, const Tensor& maps,
                                const Tensor& rois, Tensor* y) override {
    return ops_.PsroiClassScores(params, maps, rois, y);
  }
  absl::Status PsroiClassPair(const PsroiParams& params, const Tensor& maps,
                              const Tensor& rois, const Tensor& classes,
                              Tensor* y) override {
    return ops_.PsroiClassPair(params, maps, rois, classes, y);
  }
  absl::Status Softmax(const Tensor& x, Tensor* y) override {
    return ops_.Softmax(x, y);
  }
  absl::Status ArgMax(const Tensor& x, Tensor* y) override {
    return ops_.ArgMax(x, y);
  }
  absl::Status InsideProbabilities(const Tensor& pairs, Tensor* y) override {
    return ops_.InsideProbabilities(pairs, y);
  }
  absl::Status RefineBoxes(const RefineParams& params, const Tensor& rois,
                           const Tensor& deltas, Tensor* y) override {
    return ops_.RefineBoxes(params, rois, deltas, y);
  }

 protected:
  BodyOps<Executor>& ops() { return ops_; }

 private:
  const std::unique_ptr<Executor> executor_;
  BodyOps<Executor> ops_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_BODY_OPS_BACKEND_H_
