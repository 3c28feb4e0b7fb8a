// NetworkLearner: the network that learns, with the losses that tell it how and
// the processes that share the work.
#ifndef FCIS_TRAIN_TRAINER_NETWORK_LEARNER_H_
#define FCIS_TRAIN_TRAINER_NETWORK_LEARNER_H_

#include <memory>
#include <utility>

#include "fcis/core/comm/communicator.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/train/trainer/gradient_reducer.h"
#include "fcis/train/trainer/learner.h"
#include "fcis/train/trainer/run_state.h"

namespace fcis {

class NetworkLearner : public Learner {
 public:
  // `backend`, which `state` was made with, and `job` outlive it. Errors: sums
  // that the backend cannot do.
  static absl::StatusOr<std::unique_ptr<NetworkLearner>> Create(
      RunState state, TrainBackend* backend, Communicator* job);

  const RunState& state() const { return state_; }

  int64_t iteration() const override { return state_.iteration; }
  absl::StatusOr<LossTerms> AddGradients(absl::Span<const TrainSample> samples,
                                         absl::Span<Sampler> samplers,
                                         bool first, bool last) override;
  absl::Status AddUpGradients() override { return reducer_->Finish(); }
  absl::StatusOr<UpdateNumbers> Update(double learning_rate) override;
  absl::StatusOr<Checkpoint> Save() const override { return state_.Save(); }
  absl::StatusOr<Weights> Averaged() const override {
    return state_.Averaged();
  }

 private:
  NetworkLearner(RunState state, TrainBackend* backend)
      : state_(std::move(state)), backend_(backend) {}

  RunState state_;
  TrainBackend* const backend_;
  std::unique_ptr<GradientReducer> reducer_;
};

}  // namespace fcis

#endif  // FCIS_TRAIN_TRAINER_NETWORK_LEARNER_H_
