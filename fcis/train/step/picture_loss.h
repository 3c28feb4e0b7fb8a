// The loss of one picture, from the network's outputs to their gradients:
// anchor targets, proposals, proposal targets, pooling, the five terms
// (docs/reference.md, Training 2 to 13).
#ifndef FCIS_TRAIN_STEP_PICTURE_LOSS_H_
#define FCIS_TRAIN_STEP_PICTURE_LOSS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/data/transform/train_transform.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/train/config/train.pb.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/step/loss_terms.h"
#include "fcis/train/targets/anchor_targets.h"
#include "fcis/train/targets/proposal_targets.h"
#include "fcis/train/targets/sampler.h"

namespace fcis::train {

// What the targets were, for tests. RoIs that OHEM let go have the label -1 and
// the mask targets -1.
struct PictureTargets {
  AnchorTargets anchors;
  std::vector<Box> proposals;
  ProposalTargets rois;
};

// What is known of a picture's terms before they are computed.
struct PictureTerms {
  bool without_anchors = false, without_rois = false;
};

// values: those that PictureLoss left, in host memory. As they enter the sum,
// times `weight`.
LossTerms TermsOf(const LossConfig& config, double weight,
                  const PictureTerms& picture, const double* values);

// What the network said of its pictures, and where the gradients of that go:
// to row `picture`.
struct PictureMaps {
  const TrainNetwork::Outputs* outputs;
  TrainNetwork::Gradients* gradients;
  int64_t picture;
};

// By the recipe's `loss` and `data`. Writes the gradients of gradient_weight *
// loss to the maps and the terms to *terms (f64 [kernels::kNumLossTerms],
// fcis/kernels/losses/network_losses.h), both in the backend's memory. sample:
// of the picture, prepared; scale as TrainSample. Waits for the proposals, and
// for `targets` if they are asked for.
absl::StatusOr<PictureTerms> PictureLoss(
    const ModelConfig& model, const TrainConfig& recipe,
    const data::TrainSample& sample, const PictureMaps& maps,
    float gradient_weight, kernels::TrainBackend* backend, Sampler* sampler,
    Tensor* terms, PictureTargets* targets = nullptr);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_STEP_PICTURE_LOSS_H_
