// RunState: the network that learns, with its optimiser, loss scale and
// counters: what a training run changes, and a checkpoint keeps.
#ifndef FCIS_TRAIN_TRAINER_RUN_STATE_H_
#define FCIS_TRAIN_TRAINER_RUN_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/optimizer/optimizer.h"
#include "fcis/train/trainer/learner.h"

namespace fcis::train {

// Adds up the gradients of all processes while the backward pass still makes
// some of them.
class GradientReducer {
 public:
  // Sums travel in buckets of about `bucket_elements` values. Both outlive the
  // reducer.
  // Called by all processes of the job. Errors: ParameterMath::SumsOver.
  static absl::StatusOr<std::unique_ptr<GradientReducer>> Create(
      TrainNetwork* network, Communicator* job, SumType type = SumType::kF32,
      int64_t bucket_elements = int64_t{4} << 20);

  // The first `parameters` parameters have their final gradient; never fewer
  // than before within an iteration. Starts the sums of full buckets.
  void Ready(int parameters);

  // Starts what is left and waits; all processes then have the sums. The first
  // error of the iteration.
  absl::Status Finish();

 private:
  GradientReducer() = default;
  void Send(int64_t end);

  TrainNetwork* network_ = nullptr;
  std::unique_ptr<AllReduce> sums_;  // null: a job of one
  int64_t bucket_elements_ = 0;
  std::vector<int64_t> ends_;  // of the parameters in the gradients
  int64_t sent_ = 0;
  absl::Status status_;
};

// In a checkpoint's state: the seed of the run that made it, and the pictures
// of an iteration, all processes together.
inline constexpr char kSeedKey[] = "train.seed";
inline constexpr char kPicturesKey[] = "train.pictures_per_iteration";

class RunState : public Learner {
 public:
  struct Run {
    TrainConfig recipe;
    uint64_t seed = 0;
    int64_t pictures = 1;  // of an iteration, all processes
  };

  // The state at iteration 0, from `weights`, or that of a checkpoint of the
  // same model (null: none), whose tensors replace those of `weights`. Errors:
  // tensors that are missing or misshapen; a checkpoint of another optimiser;
  // sums over processes that the backend cannot do. `backend` and `job` must
  // outlive the state.
  static absl::StatusOr<std::unique_ptr<RunState>> Create(
      Run run, model::Weights weights, const Checkpoint* checkpoint,
      kernels::TrainBackend* backend, Communicator* job);

  const ModelConfig& model() const { return model_; }
  const TrainNetwork& network() const { return *network_; }

  int64_t iteration() const override { return iteration_; }
  absl::StatusOr<LossTerms> AddGradients(
      absl::Span<const data::TrainSample> samples, absl::Span<Sampler> samplers,
      bool first, bool last) override;
  absl::Status AddUpGradients() override { return reducer_->Finish(); }
  absl::StatusOr<UpdateNumbers> Update(double learning_rate) override;
  absl::StatusOr<Checkpoint> Save() const override;
  absl::StatusOr<model::Weights> Averaged() const override;

 private:
  RunState(Run run, ModelConfig model, kernels::TrainBackend* backend)
      : run_(std::move(run)), model_(std::move(model)), backend_(backend) {}
  absl::Status Load(const Checkpoint& checkpoint,
                    const std::map<std::string, Tensor>& optimizer_state);

  const Run run_;
  const ModelConfig model_;
  kernels::TrainBackend* const backend_;
  std::unique_ptr<TrainNetwork> network_;
  std::unique_ptr<Optimizer> optimizer_;
  LossScale scale_;
  int64_t iteration_ = 0;
  std::unique_ptr<GradientReducer> reducer_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_RUN_STATE_H_
