// What a training run is between two iterations: its weights, what the
// optimiser remembers, and the loss scale. All of it is in a checkpoint.
#ifndef FCIS_TRAIN_TRAINER_TRAIN_STATE_H_
#define FCIS_TRAIN_TRAINER_TRAIN_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/checkpoint/checkpoint.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/optimizer/loss_scale.h"
#include "fcis/train/optimizer/optimizer.h"
#include "google/protobuf/message.h"

namespace fcis {

// The message in text form, as checkpoints and run directories keep it.
std::string AsText(const google::protobuf::Message& message);

struct TrainState {
  ModelConfig model;
  std::unique_ptr<TrainNetwork> network;
  std::unique_ptr<Optimizer> optimizer;
  LossScale scale;

  // The state at iteration 0, from `weights`, or that of a checkpoint of the
  // same model (null: none), whose tensors replace those of `weights`. Errors:
  // tensors that are missing or misshapen; a checkpoint of another optimiser.
  // `backend` and `job` must outlive the state.
  static absl::StatusOr<TrainState> Create(Weights weights,
                                           const Checkpoint* checkpoint,
                                           const TrainConfig& config,
                                           TrainBackend* backend,
                                           Communicator* job);

  // What `Averaged` was when the checkpoint of this model was made.
  static absl::StatusOr<Weights> AveragedOf(const Checkpoint& checkpoint,
                                            const ModelConfig& model,
                                            const TrainConfig& config,
                                            TrainBackend* backend,
                                            Communicator* job);

  // A checkpoint of this state after so many iterations. More may be added to
  // its `state`.
  absl::StatusOr<Checkpoint> Save(int64_t iteration) const;

  // The weights that are validated and exported: averages where the recipe
  // keeps them.
  absl::StatusOr<Weights> Averaged() const;

 private:
  absl::Status Load(const Checkpoint& checkpoint,
                    const std::map<std::string, Tensor>& optimizer_state);
};

}  // namespace fcis

#endif  // FCIS_TRAIN_TRAINER_TRAIN_STATE_H_
