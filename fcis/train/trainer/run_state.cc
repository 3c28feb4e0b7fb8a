#include "fcis/train/trainer/run_state.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/config/text_proto.h"
#include "fcis/model/weights/load.h"
#include "fcis/train/step/train_step.h"

namespace fcis::train {

absl::StatusOr<std::unique_ptr<GradientReducer>> GradientReducer::Create(
    TrainNetwork* network, Communicator* job, SumType type,
    int64_t bucket_elements) {
  auto reducer = absl::WrapUnique(new GradientReducer);
  reducer->network_ = network;
  reducer->bucket_elements_ = bucket_elements;
  const float* begin = network->gradients();
  for (const Parameter* p : network->parameters()) {
    reducer->ends_.push_back(p->gradient - begin + p->size());
  }
  if (job->size() > 1) {
    ASSIGN_OR_RETURN(reducer->sums_, network->math()->SumsOver(job, type));
  }
  return reducer;
}

void GradientReducer::Send(int64_t end) {
  status_.Update(sums_->Start(network_->gradients() + sent_, end - sent_));
  sent_ = end;
}

void GradientReducer::Ready(int parameters) {
  if (sums_ == nullptr) return;
  const int64_t ready = parameters == 0 ? 0 : ends_[parameters - 1];
  if (ready - sent_ >= bucket_elements_) Send(ready);
  status_.Update(sums_->Progress());
}

absl::Status GradientReducer::Finish() {
  if (sums_ != nullptr) {
    const int64_t all = network_->num_values();
    // MPI counts elements in int.
    while (sent_ < all) Send(std::min(all, sent_ + (int64_t{1} << 28)));
    status_.Update(sums_->Finish());
    sent_ = 0;
  }
  const absl::Status status = status_;
  status_ = absl::OkStatus();
  return status;
}

namespace {

// In a checkpoint's state: the recipe; with a loss scale, and of it.
constexpr char kConfigKey[] = "train.config";
constexpr char kLossScaleKey[] = "train.loss_scale";
constexpr char kStepsKey[] = "train.optimizer_steps";

}  // namespace

absl::StatusOr<std::unique_ptr<RunState>> RunState::Create(
    Run run, model::Weights weights, const Checkpoint* checkpoint,
    kernels::TrainBackend* backend, Communicator* job) {
  // What is not trained comes from the checkpoint too: norms' statistics.
  std::map<std::string, Tensor> optimizer_state;
  if (checkpoint != nullptr) {
    for (const auto& [name, tensor] : checkpoint->tensors) {
      if (absl::StartsWith(name, model::kOptimizerPrefix)) {
        optimizer_state[name.substr(sizeof(model::kOptimizerPrefix) - 1)] =
            tensor;
      } else {
        weights.tensors[name] = tensor;
      }
    }
  }
  auto state =
      absl::WrapUnique(new RunState(std::move(run), weights.config, backend));
  const TrainConfig& recipe = state->run_.recipe;
  ASSIGN_OR_RETURN(state->network_,
                   TrainNetwork::Create(weights, recipe, backend, job));
  ASSIGN_OR_RETURN(
      state->optimizer_,
      Optimizer::Create(recipe.optimizer(), state->network_->parameters(),
                        state->network_->math()));
  if (recipe.optimizer().has_loss_scale() ||
      backend->forward().activation_type() == DType::kF16) {
    state->scale_ = LossScale(recipe.optimizer().loss_scale());
  }
  if (checkpoint != nullptr) {
    const absl::Status loaded = state->Load(*checkpoint, optimizer_state);
    if (!loaded.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(weights.source, ": ", loaded.message(),
                       "; was it made by another recipe?"));
    }
  }
  const bool bf16 = recipe.gradient_sums() == TrainConfig::BF16;
  ASSIGN_OR_RETURN(state->reducer_, GradientReducer::Create(
                                        state->network_.get(), job,
                                        bf16 ? SumType::kBF16 : SumType::kF32));
  return state;
}

// Steps that the scale left out are iterations all the same.
absl::Status RunState::Load(
    const Checkpoint& checkpoint,
    const std::map<std::string, Tensor>& optimizer_state) {
  iteration_ = checkpoint.iteration;
  int64_t steps = iteration_;
  const auto kept_scale = checkpoint.state.find(kLossScaleKey);
  const auto kept_steps = checkpoint.state.find(kStepsKey);
  if (kept_steps != checkpoint.state.end() &&
      !absl::SimpleAtoi(kept_steps->second, &steps)) {
    return absl::InvalidArgumentError(absl::StrCat(
        kStepsKey, " is \"", kept_steps->second, "\", expected a number"));
  }
  if (kept_scale != checkpoint.state.end() && scale_.dynamic()) {
    RETURN_IF_ERROR(scale_.Load(kept_scale->second));
  }
  return optimizer_->Load(optimizer_state, steps);
}

absl::StatusOr<LossTerms> RunState::AddGradients(
    absl::Span<const data::TrainSample> samples, absl::Span<Sampler> samplers,
    bool first, bool last) {
  StepOptions options;
  options.total_pictures = static_cast<int>(run_.pictures);
  options.gradient_scale = scale_.value();
  options.add = !first;
  if (last) options.ready = [this](int n) { reducer_->Ready(n); };
  return TrainStep(model_, run_.recipe, samples, samplers, options,
                   network_.get(), backend_);
}

// All processes have the same gradients and come to the same end.
absl::StatusOr<UpdateNumbers> RunState::Update(double learning_rate) {
  const float scale = scale_.value();
  UpdateNumbers numbers;
  double norm = 0;
  if (run_.recipe.optimizer().clip_norm() > 0 || scale_.dynamic()) {
    ASSIGN_OR_RETURN(norm, optimizer_->GradientNorm(scale));
    numbers.gradient_norm = std::isfinite(norm) ? norm : 0;
  }
  numbers.left_out = !std::isfinite(norm);
  if (numbers.left_out && !scale_.dynamic()) {
    return absl::AbortedError("the gradient's norm is not finite");
  }
  RETURN_IF_ERROR(scale_.Update(!numbers.left_out));
  if (scale_.dynamic()) numbers.loss_scale = scale_.value();
  if (!numbers.left_out) {
    RETURN_IF_ERROR(optimizer_->Step(
        static_cast<float>(learning_rate), norm, scale,
        [this](int parameter) { return network_->Refresh(parameter); }));
  }
  ++iteration_;
  return numbers;
}

absl::StatusOr<Checkpoint> RunState::Save() const {
  Checkpoint checkpoint;
  checkpoint.iteration = iteration_;
  ASSIGN_OR_RETURN(const model::Weights weights, network_->Save());
  checkpoint.tensors = weights.tensors;
  std::map<std::string, Tensor> remembered;
  RETURN_IF_ERROR(optimizer_->Save(&remembered));
  for (auto& [name, tensor] : remembered) {
    checkpoint.tensors[absl::StrCat(model::kOptimizerPrefix, name)] = tensor;
  }
  checkpoint.state[model::kModelConfigKey] = AsText(model_);
  checkpoint.state[kConfigKey] = AsText(run_.recipe);
  checkpoint.state[kSeedKey] = absl::StrCat(run_.seed);
  checkpoint.state[kPicturesKey] = absl::StrCat(run_.pictures);
  if (scale_.dynamic()) {
    checkpoint.state[kLossScaleKey] = scale_.Save();
    checkpoint.state[kStepsKey] = absl::StrCat(optimizer_->steps());
  }
  return checkpoint;
}

absl::StatusOr<model::Weights> RunState::Averaged() const {
  ASSIGN_OR_RETURN(model::Weights weights, network_->Save());
  ASSIGN_OR_RETURN(const auto averages, optimizer_->Averages());
  for (const auto& [name, average] : averages) weights.tensors[name] = average;
  return weights;
}

}  // namespace fcis::train
