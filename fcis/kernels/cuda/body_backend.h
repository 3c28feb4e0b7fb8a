// Backend on an executor (body_ops.h) and an engine (body_conv.h).
#ifndef FCIS_KERNELS_CUDA_BODY_BACKEND_H_
#define FCIS_KERNELS_CUDA_BODY_BACKEND_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/cuda/body_conv.h"
#include "fcis/kernels/cuda/body_ops.h"
#include "fcis/kernels/cuda/body_proposals.h"
#include "fcis/kernels/cuda/body_voting.h"
#include "fcis/kernels/cuda/recorded_network.h"

namespace fcis {
namespace cuda {

template <typename Executor, typename Engine>
class BodyBackend : public Backend {
 public:
  // name: of static storage. records: whether Repeat records.
  BodyBackend(absl::string_view name, std::unique_ptr<Executor> executor,
              std::unique_ptr<Engine> engine, DType activation_type,
              bool records)
      : name_(name),
        activation_type_(activation_type),
        records_(records),
        executor_(std::move(executor)),
        engine_(std::move(engine)),
        ops_(executor_.get()),
        proposals_(executor_.get()),
        voting_(executor_.get()) {}

  Executor& executor() { return *executor_; }

  absl::string_view name() const override { return name_; }
  DType activation_type() const override { return activation_type_; }
  absl::string_view precision() const override {
    return engine_->tf32() ? "tf32" : Backend::precision();
  }
  Device device() const override { return Device::kCuda; }

  absl::StatusOr<Tensor> AllocateMap(const Shape& shape, DType type) override {
    return executor_->Allocate(shape, type);
  }
  absl::StatusOr<Tensor> Convert(const Tensor& map, DType type,
                                 Layout) override {
    ASSIGN_OR_RETURN(Tensor there, executor_->ToDevice(map));
    if (there.type() == type) return there;
    return ops_.Convert(there, type);
  }
  absl::StatusOr<Tensor> ToHost(const Tensor& map) override {
    return executor_->ToHost(map);
  }
  absl::StatusOr<Tensor> ToDevice(const Tensor& t) override {
    return executor_->ToDevice(t);
  }

  absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    auto conv = NewConv(params, weight.shape(), {});
    RETURN_IF_ERROR(conv->SetOnce(weight, bias));
    return conv;
  }
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    auto conv = NewConv(params, weight_shape, factors);
    RETURN_IF_ERROR(conv->PrepareFactors());
    return conv;
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
  absl::StatusOr<std::vector<Box>> Propose(const ProposeParams& params,
                                           const Tensor& scores,
                                           const Tensor& deltas) override {
    return proposals_.Propose(params, scores, deltas);
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
  absl::StatusOr<std::vector<VotedInstance>> VoteMasks(
      const VoteParams& params, const Tensor& rois, const Tensor& class_probs,
      const Tensor& mask_probs) override {
    return voting_.VoteMasks(params, rois, class_probs, mask_probs);
  }

  std::unique_ptr<RepeatedNetwork> Repeat(NetworkFunction network) override {
    if (!records_) return Backend::Repeat(std::move(network));
    return absl::make_unique<RecordedNetwork<Executor>>(std::move(network),
                                                        executor_.get());
  }

 private:
  std::unique_ptr<BodyConv<Executor, Engine>> NewConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) {
    return absl::make_unique<BodyConv<Executor, Engine>>(
        executor_.get(), engine_.get(), params, weight_shape, activation_type_,
        factors);
  }

  const absl::string_view name_;
  const DType activation_type_;
  const bool records_;
  // Destroyed last: the engine computes on the executor.
  const std::unique_ptr<Executor> executor_;
  const std::unique_ptr<Engine> engine_;
  BodyOps<Executor> ops_;
  BodyProposals<Executor> proposals_;
  BodyVoting<Executor> voting_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_BODY_BACKEND_H_
