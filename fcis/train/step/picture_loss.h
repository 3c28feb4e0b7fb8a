// The loss of one picture, from the network's outputs to their gradients:
// anchor targets, proposals, proposal targets, pooling, the five terms
// (docs/reference.md, Training 2 to 13).
#ifndef FCIS_TRAIN_STEP_PICTURE_LOSS_H_
#define FCIS_TRAIN_STEP_PICTURE_LOSS_H_

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/data/transform/train_transform.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/targets/anchor_targets.h"
#include "fcis/train/targets/proposal_targets.h"
#include "fcis/train/targets/sampler.h"

namespace fcis {

struct LossOptions {
  AnchorTargetParams anchors;
  ProposalTargetParams proposals;
  float rpn_sigma = 3, head_sigma = 1;  // of smooth L1
  // Factors of the five terms.
  float rpn_loc = 1, rpn_cls = 1, fcis_loc = 1, fcis_cls = 1, fcis_mask = 1;
  // The mask term is the mean over the cells of foreground RoIs (chainer-fcis),
  // or their sum divided by the cells of all RoIs (chainercv and msracver, with
  // fcis_mask = 10).
  bool mask_over_all_rois = false;
  // The sampler chooses RoIs before anchors (chainercv), not after them.
  bool rois_first = false;
  // > 0: OHEM. `proposals` samples nothing; of all RoIs those with the largest
  // loss train, at most so many, and the head's terms are means over them
  // (fcis/kernels/losses/ohem.h).
  int ohem_rois = 0;
};

// Terms as they enter the sum, factors included; means over pictures.
struct LossTerms {
  double rpn_loc = 0, rpn_cls = 0, fcis_loc = 0, fcis_cls = 0, fcis_mask = 0;
  // Shares of anchors (not ignored), of RoIs and of foreground RoIs that have
  // the right class.
  double rpn_acc = 0, fcis_cls_acc = 0, fcis_fg_acc = 0;
  // Pictures in which a term had nothing to say and is 0, where the reference
  // fails: no anchor inside or no object, no RoI sampled, no foreground RoI.
  int without_anchors = 0, without_rois = 0, without_foreground = 0;

  double sum() const {
    return rpn_loc + rpn_cls + fcis_loc + fcis_cls + fcis_mask;
  }
};

// *to += terms.
void AddTerms(const LossTerms& terms, LossTerms* to);

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
LossTerms TermsOf(const LossOptions& options, double weight,
                  const PictureTerms& picture, const double* values);

// Writes the gradients of gradient_weight * loss to row `picture` of
// *gradients and the terms to *terms (f64 [kNumLossTerms],
// fcis/kernels/losses/network_losses.h), both in the backend's memory. sample:
// of the picture, prepared; scale as TrainSample. Waits for the proposals, and
// for `targets` if they are asked for.
absl::StatusOr<PictureTerms> PictureLoss(
    const ModelConfig& config, const LossOptions& options,
    const TrainSample& sample, const TrainNetwork::Outputs& outputs,
    int64_t picture, float gradient_weight, TrainBackend* backend,
    Sampler* sampler, TrainNetwork::Gradients* gradients, Tensor* terms,
    PictureTargets* targets = nullptr);

}  // namespace fcis

#endif  // FCIS_TRAIN_STEP_PICTURE_LOSS_H_
