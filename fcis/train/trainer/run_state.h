// RunState: what a training run changes, and a checkpoint keeps.
#ifndef FCIS_TRAIN_TRAINER_RUN_STATE_H_
#define FCIS_TRAIN_TRAINER_RUN_STATE_H_

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

// In a checkpoint's state: the seed of the run that made it, and the pictures
// of an iteration, all processes together.
inline constexpr char kSeedKey[] = "train.seed";
inline constexpr char kPicturesKey[] = "train.pictures_per_iteration";

// The message in text form, as checkpoints and run directories keep it.
std::string AsText(const google::protobuf::Message& message);

struct RunState {
  TrainConfig config;
  uint64_t seed = 0;
  int64_t pictures = 0;   // of an iteration, all processes
  int64_t iteration = 0;  // updates made
  ModelConfig model;
  std::unique_ptr<TrainNetwork> network;
  std::unique_ptr<Optimizer> optimizer;
  LossScale scale;

  // The state at iteration 0, from `weights`, or that of a checkpoint of the
  // same model (null: none), whose tensors replace those of `weights`; seed and
  // pictures are the caller's to set. Errors: tensors that are missing or
  // misshapen; a checkpoint of another optimiser. `backend` and `job` must
  // outlive the state.
  static absl::StatusOr<RunState> Create(Weights weights,
                                         const Checkpoint* checkpoint,
                                         const TrainConfig& config,
                                         TrainBackend* backend,
                                         Communicator* job);

  absl::StatusOr<Checkpoint> Save() const;

  // As Learner::Averaged.
  absl::StatusOr<Weights> Averaged() const;

 private:
  absl::Status Load(const Checkpoint& checkpoint,
                    const std::map<std::string, Tensor>& optimizer_state);
};

}  // namespace fcis

#endif  // FCIS_TRAIN_TRAINER_RUN_STATE_H_
