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

namespace fcis {

// samplers: one per sample. Runs pictures of one size together, others one
// after the other (each picture on its own where processes share statistics of
// batch norms and one of them has several sizes; all must have as many
// samples). Each has the weight 1 / total_pictures, so that the gradients of
// several calls (add) and of several processes add up to that of the mean.
// Gradients, not terms, are multiplied by gradient_scale. ready: as
// TrainNetwork::Backward, during the last group of pictures. Waits for the
// terms when all is under way. Errors: those of the backend.
absl::StatusOr<LossTerms> TrainStep(
    const ModelConfig& model, const TrainConfig& recipe,
    absl::Span<const TrainSample> samples, int total_pictures,
    float gradient_scale, bool add, TrainNetwork* network,
    TrainBackend* backend, absl::Span<Sampler> samplers,
    const std::function<void(int)>& ready = nullptr,
    std::vector<PictureTargets>* targets = nullptr);

}  // namespace fcis

#endif  // FCIS_TRAIN_STEP_TRAIN_STEP_H_
