// Optimizer: from gradients to new weights, with the state that a checkpoint
// keeps.
#ifndef FCIS_TRAIN_OPTIMIZER_OPTIMIZER_H_
#define FCIS_TRAIN_OPTIMIZER_OPTIMIZER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/parameter_math.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/parameter.h"

namespace fcis::train {

// LossScale: the factor of all gradients that keeps small ones from vanishing
// in fp16 (Micikevicius et al., 2018, section 3.2), found while training: too
// large a one makes gradients that are not finite; that step is left out and
// the factor halved. After growth_interval good steps it doubles.
class LossScale {
 public:
  // Always 1.
  LossScale() = default;
  // `initial` is a power of two, so that scaling rounds nothing.
  explicit LossScale(const OptimizerConfig::LossScale& config)
      : growth_interval_(config.growth_interval()),
        value_(static_cast<float>(config.initial())) {}

  // Whether it changes at all.
  bool dynamic() const { return growth_interval_ > 0; }
  float value() const { return value_; }

  // After a step whose gradients were finite, or not. Errors: they are not
  // finite whatever the factor.
  absl::Status Update(bool finite);

  // For a checkpoint, and back. Errors: not what Save made.
  std::string Save() const;
  absl::Status Load(absl::string_view saved);

 private:
  int64_t growth_interval_ = 0;
  float value_ = 1;
  int64_t good_steps_ = 0;  // since the last change
};

class Optimizer {
 public:
  // The parameters' memory, that of `math`, is in place, and both outlive the
  // optimizer. Averages begin as the current values: e = d e + (1 - d) w with
  // d = min(ema_decay, (1 + steps) / (10 + steps)). Of layer_scales the longest
  // name counts that is a parameter's layer or a folder of it. Errors: no
  // memory.
  static absl::StatusOr<std::unique_ptr<Optimizer>> Create(
      const OptimizerConfig& config, const std::vector<Parameter*>& parameters,
      kernels::ParameterMath* math);
  Optimizer(const Optimizer&) = delete;

  // How many arrays as large as the weights it keeps: moments and averages.
  static int64_t NumArrays(const OptimizerConfig& config);

  // One step; `gradient_norm` is what GradientNorm() says when clipping is on,
  // else unused. Gradients are `scale` times what they should be (LossScale).
  // The same bits for any number of threads. `updated`, if set, is told after
  // each parameter which it was, while its new value may still be in a cache;
  // its error ends the step.
  absl::Status Step(float lr, double gradient_norm, float scale = 1,
                    const std::function<absl::Status(int)>& updated = nullptr);

  // The norm of all gradients, factors applied, divided by `scale`. Not finite
  // where one is not.
  absl::StatusOr<double> GradientNorm(float scale = 1) const;

  int64_t steps() const { return steps_; }

  // "sgd/momentum/<parameter>", "adamw/m/...", "adamw/v/...", "average/...",
  // in the files' layout; and back, with the number of steps done. A missing
  // or misshapen tensor is an error that names it.
  absl::Status Save(std::map<std::string, Tensor>* state) const;
  absl::Status Load(const std::map<std::string, Tensor>& state, int64_t steps);

  // The averaged weights by parameter; empty without ema_decay.
  absl::StatusOr<std::map<std::string, Tensor>> Averages() const;

 private:
  struct Slot {
    Parameter* parameter;
    float scale;
    kernels::ParameterFactors factors;
    Tensor first, second, average;  // moments; empty: not kept
  };
  struct Array {
    const char* prefix;
    Tensor Slot::*values;
  };
  Optimizer(const OptimizerConfig& config, kernels::ParameterMath* math)
      : config_(config), math_(math) {}
  static std::vector<Array> ArraysOf(const OptimizerConfig& config);
  absl::Status Update(const Slot& slot, float lr,
                      const kernels::UpdateArrays& arrays);
  absl::StatusOr<Tensor> FetchOf(const Slot& slot, const Tensor& values) const;

  const OptimizerConfig config_;
  kernels::ParameterMath* const math_;
  std::vector<Slot> slots_;
  int64_t steps_ = 0;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_OPTIMIZER_OPTIMIZER_H_
