// Learner: what a training run changes, as its loop sees it. RunState is
// the one that learns; tests have one that only counts.
#ifndef FCIS_TRAIN_TRAINER_LEARNER_H_
#define FCIS_TRAIN_TRAINER_LEARNER_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/data/transform/train_transform.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/checkpoint/checkpoint.h"
#include "fcis/train/step/loss_terms.h"
#include "fcis/train/targets/sampler.h"

namespace fcis::train {

// What an update was like.
struct UpdateNumbers {
  // Where the recipe clips or scales; 0 where it was not finite.
  std::optional<double> gradient_norm;
  // After the update, where it changes at all.
  std::optional<double> loss_scale;
  // The gradients were scaled out of range: the weights are as before.
  bool left_out = false;
};

class Learner {
 public:
  virtual ~Learner() = default;

  // Updates made, those of the checkpoint that it began with included.
  virtual int64_t iteration() const = 0;

  // Gradients of a part of an iteration's pictures, one sampler each. They join
  // those of the parts before, unless it is the `first`; behind the `last` come
  // AddUpGradients and Update. Returns the terms of these pictures.
  virtual absl::StatusOr<LossTerms> AddGradients(
      absl::Span<const data::TrainSample> samples, absl::Span<Sampler> samplers,
      bool first, bool last) = 0;

  // Adds up the gradients of all processes, which all must call it.
  virtual absl::Status AddUpGradients() = 0;

  // Changes the weights. ABORTED: gradients that are not finite.
  virtual absl::StatusOr<UpdateNumbers> Update(double learning_rate) = 0;

  // All that a continuation needs.
  virtual absl::StatusOr<Checkpoint> Save() const = 0;

  // The weights that are validated and exported: averages where the recipe
  // keeps them.
  virtual absl::StatusOr<model::Weights> Averaged() const = 0;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_LEARNER_H_
