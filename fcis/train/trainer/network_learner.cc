#include "fcis/train/trainer/network_learner.h"

#include <cmath>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/step/train_step.h"

namespace fcis {

absl::StatusOr<std::unique_ptr<NetworkLearner>> NetworkLearner::Create(
    RunState state, TrainBackend* backend, Communicator* job) {
  auto learner =
      absl::WrapUnique(new NetworkLearner(std::move(state), backend));
  const RunState& made = learner->state_;
  const bool bf16 = made.config.gradient_sums() == TrainConfig::BF16;
  ASSIGN_OR_RETURN(
      learner->reducer_,
      GradientReducer::Create(made.network.get(), job,
                              bf16 ? SumType::kBF16 : SumType::kF32));
  return learner;
}

absl::StatusOr<LossTerms> NetworkLearner::AddGradients(
    absl::Span<const TrainSample> samples, absl::Span<Sampler> samplers,
    bool first, bool last) {
  StepOptions options;
  options.total_pictures = static_cast<int>(state_.pictures);
  options.gradient_scale = state_.scale.value();
  options.add = !first;
  if (last) options.ready = [this](int n) { reducer_->Ready(n); };
  return TrainStep(state_.model, state_.config, samples, samplers, options,
                   state_.network.get(), backend_);
}

// All processes have the same gradients and come to the same end.
absl::StatusOr<UpdateNumbers> NetworkLearner::Update(double learning_rate) {
  const float scale = state_.scale.value();
  UpdateNumbers numbers;
  double norm = 0;
  if (state_.config.optimizer().clip_norm() > 0 || state_.scale.dynamic()) {
    ASSIGN_OR_RETURN(norm, state_.optimizer->GradientNorm(scale));
    numbers.gradient_norm = std::isfinite(norm) ? norm : 0;
  }
  numbers.left_out = !std::isfinite(norm);
  if (numbers.left_out && !state_.scale.dynamic()) {
    return absl::AbortedError("the gradient's norm is not finite");
  }
  RETURN_IF_ERROR(state_.scale.Update(!numbers.left_out));
  if (state_.scale.dynamic()) numbers.loss_scale = state_.scale.value();
  if (!numbers.left_out) {
    RETURN_IF_ERROR(
        state_.optimizer->Step(static_cast<float>(learning_rate), norm, scale));
    RETURN_IF_ERROR(state_.network->Refresh());
  }
  ++state_.iteration;
  return numbers;
}

}  // namespace fcis
