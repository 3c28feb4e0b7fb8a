// LossScale: the factor of all gradients that keeps small ones from vanishing
// in fp16 (Micikevicius et al., 2018, section 3.2), found while training: too
// large a one makes gradients that are not finite; that step is left out and
// the factor halved. After growth_interval good steps it doubles.
#ifndef FCIS_TRAIN_OPTIMIZER_LOSS_SCALE_H_
#define FCIS_TRAIN_OPTIMIZER_LOSS_SCALE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/train/config/train.pb.h"

namespace fcis::train {

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

}  // namespace fcis::train

#endif  // FCIS_TRAIN_OPTIMIZER_LOSS_SCALE_H_
