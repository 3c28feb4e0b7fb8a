#include "fcis/train/trainer/run_state.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/model/weights/load.h"
#include "fcis/train/config/train_options.h"
#include "google/protobuf/text_format.h"

namespace fcis {
namespace {

// In a checkpoint's state: the recipe; with a loss scale, and of it.
constexpr char kConfigKey[] = "train.config";
constexpr char kLossScaleKey[] = "train.loss_scale";
constexpr char kStepsKey[] = "train.optimizer_steps";

}  // namespace

std::string AsText(const google::protobuf::Message& message) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(message, &text);
  return text;
}

absl::StatusOr<RunState> RunState::Create(Weights weights,
                                          const Checkpoint* checkpoint,
                                          const TrainConfig& config,
                                          TrainBackend* backend,
                                          Communicator* job) {
  // What is not trained comes from the checkpoint too: norms' statistics.
  std::map<std::string, Tensor> optimizer_state;
  if (checkpoint != nullptr) {
    for (const auto& [name, tensor] : checkpoint->tensors) {
      if (absl::StartsWith(name, kOptimizerPrefix)) {
        optimizer_state[name.substr(sizeof(kOptimizerPrefix) - 1)] = tensor;
      } else {
        weights.tensors[name] = tensor;
      }
    }
  }
  RunState state;
  state.config = config;
  state.model = weights.config;
  ASSIGN_OR_RETURN(
      state.network,
      TrainNetwork::Create(weights, NetworkOptionsOf(config, job), backend));
  ASSIGN_OR_RETURN(
      state.optimizer,
      Optimizer::Create(config.optimizer(), state.network->parameters(),
                        state.network->math()));
  state.scale =
      LossScaleOf(config.optimizer(), backend->forward().activation_type());
  if (checkpoint == nullptr) return state;
  const absl::Status loaded = state.Load(*checkpoint, optimizer_state);
  if (loaded.ok()) return state;
  return absl::InvalidArgumentError(
      absl::StrCat(weights.source, ": ", loaded.message(),
                   "; was it made by another recipe?"));
}

// Steps that the scale left out are iterations all the same.
absl::Status RunState::Load(
    const Checkpoint& checkpoint,
    const std::map<std::string, Tensor>& optimizer_state) {
  iteration = checkpoint.iteration;
  int64_t steps = iteration;
  const auto kept_scale = checkpoint.state.find(kLossScaleKey);
  const auto kept_steps = checkpoint.state.find(kStepsKey);
  if (kept_steps != checkpoint.state.end() &&
      !absl::SimpleAtoi(kept_steps->second, &steps)) {
    return absl::InvalidArgumentError(absl::StrCat(
        kStepsKey, " is \"", kept_steps->second, "\", expected a number"));
  }
  if (kept_scale != checkpoint.state.end() && scale.dynamic()) {
    RETURN_IF_ERROR(scale.Load(kept_scale->second));
  }
  return optimizer->Load(optimizer_state, steps);
}

absl::StatusOr<Checkpoint> RunState::Save() const {
  Checkpoint checkpoint;
  checkpoint.iteration = iteration;
  ASSIGN_OR_RETURN(const Weights weights, network->Save());
  checkpoint.tensors = weights.tensors;
  std::map<std::string, Tensor> remembered;
  RETURN_IF_ERROR(optimizer->Save(&remembered));
  for (auto& [name, tensor] : remembered) {
    checkpoint.tensors[absl::StrCat(kOptimizerPrefix, name)] = tensor;
  }
  checkpoint.state[kModelConfigKey] = AsText(model);
  checkpoint.state[kConfigKey] = AsText(config);
  checkpoint.state[kSeedKey] = absl::StrCat(seed);
  checkpoint.state[kPicturesKey] = absl::StrCat(pictures);
  if (scale.dynamic()) {
    checkpoint.state[kLossScaleKey] = scale.Save();
    checkpoint.state[kStepsKey] = absl::StrCat(optimizer->steps());
  }
  return checkpoint;
}

absl::StatusOr<Weights> RunState::Averaged() const {
  ASSIGN_OR_RETURN(Weights weights, network->Save());
  ASSIGN_OR_RETURN(const auto averages, optimizer->Averages());
  for (const auto& [name, average] : averages) weights.tensors[name] = average;
  return weights;
}

}  // namespace fcis
