// The backend of a device: bodies on an executor (body_ops_backend.h), an
// engine for convolutions (body_conv.h), proposals and voting, and recorded
// networks.
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
#include "fcis/kernels/bodies/body_ops_backend.h"
#include "fcis/kernels/cuda/body_conv.h"
#include "fcis/kernels/cuda/body_proposals.h"
#include "fcis/kernels/cuda/body_voting.h"
#include "fcis/kernels/cuda/recorded_network.h"

namespace fcis::kernels {
namespace cuda {

template <typename Executor, typename Engine>
class BodyBackend : public BodyOpsBackend<Executor> {
 public:
  // name: of static storage. records: whether Repeat records.
  BodyBackend(absl::string_view name, std::unique_ptr<Executor> executor,
              std::unique_ptr<Engine> engine, DType activation_type,
              bool records)
      : BodyOpsBackend<Executor>(std::move(executor)),
        name_(name),
        activation_type_(activation_type),
        records_(records),
        engine_(std::move(engine)),
        proposals_(&this->executor()),
        voting_(&this->executor()) {}

  absl::string_view name() const override { return name_; }
  DType activation_type() const override { return activation_type_; }
  absl::string_view precision() const override {
    return engine_->tf32() ? "tf32" : Backend::precision();
  }
  Device device() const override { return Device::kCuda; }

  absl::StatusOr<Tensor> Convert(const Tensor& map, DType type,
                                 Layout) override {
    ASSIGN_OR_RETURN(Tensor there, this->ToDevice(map));
    if (there.type() == type) return there;
    return this->ops().Convert(there, type);
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

  absl::StatusOr<std::vector<Box>> Propose(const ProposeParams& params,
                                           const Tensor& scores,
                                           const Tensor& deltas) override {
    return proposals_.Propose(params, scores, deltas);
  }
  absl::StatusOr<std::vector<VotedInstance>> VoteMasks(
      const VoteParams& params, const Tensor& rois, const Tensor& class_probs,
      const Tensor& mask_probs) override {
    return voting_.VoteMasks(params, rois, class_probs, mask_probs);
  }

  std::unique_ptr<RepeatedNetwork> Repeat(NetworkFunction network) override {
    if (!records_) return Backend::Repeat(std::move(network));
    return absl::make_unique<RecordedNetwork<Executor>>(std::move(network),
                                                        &this->executor());
  }

 private:
  std::unique_ptr<BodyConv<Executor, Engine>> NewConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) {
    return absl::make_unique<BodyConv<Executor, Engine>>(
        &this->executor(), engine_.get(), params, weight_shape,
        activation_type_, factors);
  }

  const absl::string_view name_;
  const DType activation_type_;
  const bool records_;
  // The engine computes on the executor, which is destroyed last.
  const std::unique_ptr<Engine> engine_;
  BodyProposals<Executor> proposals_;
  BodyVoting<Executor> voting_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_BODY_BACKEND_H_
