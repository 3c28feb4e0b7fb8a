// TrainStep: pictures in, gradients of their mean loss in the network's
// parameters out.
#ifndef FCIS_TRAIN_STEP_TRAIN_STEP_H_
#define FCIS_TRAIN_STEP_TRAIN_STEP_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/data/transform/train_transform.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/step/picture_loss.h"

namespace fcis::train {

struct StepOptions {
  // Of an iteration: each picture has the weight 1 / total_pictures, so that
  // the gradients of several steps and of several processes add up to that of
  // the mean.
  int total_pictures = 1;
  // Factor of gradients, not of terms.
  float gradient_scale = 1;
  // Gradients are added to those that are there.
  bool add = false;
  // As TrainNetwork::Backward, during the last group of pictures.
  std::function<void(int)> ready;
  // For tests: receives the targets of each picture.
  std::vector<PictureTargets>* targets = nullptr;
};

// samplers: one per sample. Runs pictures of one size together, others one
// after the other (each picture on its own where processes share statistics of
// batch norms and one of them has several sizes; all must have as many
// samples). Waits for the terms when all is under way. Errors: those of the
// backend.
absl::StatusOr<LossTerms> TrainStep(const ModelConfig& model,
                                    const TrainConfig& recipe,
                                    absl::Span<const data::TrainSample> samples,
                                    absl::Span<Sampler> samplers,
                                    const StepOptions& options,
                                    TrainNetwork* network,
                                    kernels::TrainBackend* backend);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_STEP_TRAIN_STEP_H_
