#include "fcis/train/optimizer/optimizer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::train {
namespace {

// Beyond these a factor neither helps nor hurts: fp16 reaches from 2^-24 to
// 2^16.
constexpr float kLeast = 1.0f / (1 << 24), kLargest = 1 << 24;

}  // namespace

absl::Status LossScale::Update(bool finite) {
  if (!dynamic()) return absl::OkStatus();
  if (!finite) {
    good_steps_ = 0;
    value_ /= 2;
    if (value_ >= kLeast) return absl::OkStatus();
    return absl::AbortedError(
        absl::StrCat("gradients are not finite even when scaled by ", value_));
  }
  if (++good_steps_ == growth_interval_) {
    good_steps_ = 0;
    value_ = std::min(2 * value_, kLargest);
  }
  return absl::OkStatus();
}

std::string LossScale::Save() const {
  // Nine digits tell one float from the next.
  return absl::StrFormat("%.9g %d", value_, good_steps_);
}

absl::Status LossScale::Load(absl::string_view saved) {
  const std::vector<absl::string_view> parts = absl::StrSplit(saved, ' ');
  float value = 0;
  int64_t steps = 0;
  int exponent = 0;
  if (parts.size() != 2 || !absl::SimpleAtof(parts[0], &value) ||
      !absl::SimpleAtoi(parts[1], &steps) ||
      std::frexp(value, &exponent) != 0.5f || steps < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("loss scale \"", saved,
                     "\", expected a power of two and a number of steps"));
  }
  value_ = value;
  good_steps_ = steps;
  return absl::OkStatus();
}

namespace {

float ScaleOf(const std::string& parameter, const OptimizerConfig& config) {
  float scale = 1;
  size_t longest = 0;
  for (const auto& entry : config.layer_scales()) {
    const std::string& layer = entry.layer();
    if (!absl::StartsWith(parameter, layer + "/") || layer.size() < longest) {
      continue;
    }
    longest = layer.size();
    scale = static_cast<float>(entry.scale());
  }
  return scale;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Optimizer>> Optimizer::Create(
    const OptimizerConfig& config, const std::vector<Parameter*>& parameters,
    kernels::ParameterMath* math) {
  auto optimizer = absl::WrapUnique(new Optimizer(config, math));
  for (Parameter* p : parameters) {
    Slot slot;
    slot.parameter = p;
    slot.scale = ScaleOf(p->name, config);
    ASSIGN_OR_RETURN(slot.factors, math->Prepare(p->factors));
    ASSIGN_OR_RETURN(slot.first, math->Zeros(p->size()));
    if (config.kind() == OptimizerConfig::ADAMW) {
      ASSIGN_OR_RETURN(slot.second, math->Zeros(p->size()));
    }
    if (config.ema_decay() > 0) {
      ASSIGN_OR_RETURN(slot.average, math->Zeros(p->size()));
      RETURN_IF_ERROR(math->Add(kernels::Floats(&slot.average), p->value,
                                p->size(), kernels::Floats(&slot.average)));
    }
    optimizer->slots_.push_back(std::move(slot));
  }
  return optimizer;
}

absl::StatusOr<double> Optimizer::GradientNorm(float scale) const {
  std::vector<kernels::GradientView> all;
  for (const Slot& slot : slots_) {
    all.push_back({&slot.factors, slot.parameter->gradient});
  }
  ASSIGN_OR_RETURN(const double squares, math_->SquaredNorm(all));
  return std::sqrt(squares) / scale;
}

absl::Status Optimizer::Step(float lr, double gradient_norm, float scale,
                             const std::function<absl::Status(int)>& updated) {
  ++steps_;
  const bool clips =
      config_.clip_norm() > 0 && gradient_norm > config_.clip_norm();
  kernels::UpdateArrays arrays;
  arrays.clip =
      (clips ? static_cast<float>(config_.clip_norm() / gradient_norm) : 1.0f) /
      scale;
  arrays.average_decay = static_cast<float>(
      std::min(config_.ema_decay(), (1.0 + steps_) / (10.0 + steps_)));
  for (size_t i = 0; i < slots_.size(); ++i) {
    Slot& slot = slots_[i];
    const Parameter& p = *slot.parameter;
    arrays.factors = &slot.factors;
    arrays.gradient = p.gradient;
    arrays.value = p.value;
    arrays.first = kernels::Floats(&slot.first);
    arrays.second = kernels::Floats(&slot.second);
    arrays.average =
        config_.ema_decay() > 0 ? kernels::Floats(&slot.average) : nullptr;
    RETURN_IF_ERROR(Update(slot, lr, arrays));
    if (updated) RETURN_IF_ERROR(updated(static_cast<int>(i)));
  }
  return absl::OkStatus();
}

absl::Status Optimizer::Update(const Slot& slot, float lr,
                               const kernels::UpdateArrays& arrays) {
  if (config_.kind() == OptimizerConfig::SGD) {
    kernels::SgdParams sgd;
    sgd.lr = lr;
    sgd.momentum = static_cast<float>(config_.momentum());
    sgd.weight_decay = static_cast<float>(config_.weight_decay());
    sgd.scale = slot.scale;
    return math_->Sgd(sgd, arrays);
  }
  kernels::AdamWParams adam;
  adam.lr = lr * slot.scale;
  adam.beta1 = static_cast<float>(config_.beta1());
  adam.beta2 = static_cast<float>(config_.beta2());
  adam.eps = static_cast<float>(config_.eps());
  adam.weight_decay = slot.parameter->is_bias
                          ? 0.0f
                          : static_cast<float>(config_.weight_decay());
  adam.correction1 = static_cast<float>(1 / (1 - std::pow(adam.beta1, steps_)));
  adam.correction2 = static_cast<float>(1 / (1 - std::pow(adam.beta2, steps_)));
  return math_->AdamW(adam, arrays);
}

int64_t Optimizer::NumArrays(const OptimizerConfig& config) {
  return static_cast<int64_t>(ArraysOf(config).size());
}

std::vector<Optimizer::Array> Optimizer::ArraysOf(
    const OptimizerConfig& config) {
  std::vector<Array> arrays;
  if (config.kind() == OptimizerConfig::SGD) {
    arrays = {{"sgd/momentum/", &Slot::first}};
  } else {
    arrays = {{"adamw/m/", &Slot::first}, {"adamw/v/", &Slot::second}};
  }
  if (config.ema_decay() > 0) arrays.push_back({"average/", &Slot::average});
  return arrays;
}

absl::StatusOr<Tensor> Optimizer::FetchOf(const Slot& slot,
                                          const Tensor& values) const {
  return FetchTensor(*slot.parameter, static_cast<const float*>(values.raw()),
                     math_);
}

absl::Status Optimizer::Save(std::map<std::string, Tensor>* state) const {
  for (const Array& array : ArraysOf(config_)) {
    for (const Slot& slot : slots_) {
      ASSIGN_OR_RETURN((*state)[array.prefix + slot.parameter->name],
                       FetchOf(slot, slot.*array.values));
    }
  }
  return absl::OkStatus();
}

absl::Status Optimizer::Load(const std::map<std::string, Tensor>& state,
                             int64_t steps) {
  for (const Array& array : ArraysOf(config_)) {
    for (Slot& slot : slots_) {
      const std::string name = array.prefix + slot.parameter->name;
      const auto found = state.find(name);
      if (found == state.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the optimiser's state lacks ", name));
      }
      if (found->second.shape() != slot.parameter->shape ||
          found->second.type() != DType::kF32) {
        return absl::InvalidArgumentError(absl::StrCat(
            "the optimiser's state ", name, " is ", found->second.Describe(),
            ", expected f32 ", slot.parameter->shape.ToString()));
      }
      RETURN_IF_ERROR(PutTensor(*slot.parameter, found->second, math_,
                                kernels::Floats(&(slot.*array.values))));
    }
  }
  steps_ = steps;
  return absl::OkStatus();
}

absl::StatusOr<std::map<std::string, Tensor>> Optimizer::Averages() const {
  std::map<std::string, Tensor> averages;
  if (config_.ema_decay() <= 0) return averages;
  for (const Slot& slot : slots_) {
    ASSIGN_OR_RETURN(averages[slot.parameter->name],
                     FetchOf(slot, slot.average));
  }
  return averages;
}

}  // namespace fcis::train
