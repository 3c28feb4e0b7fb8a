#include "fcis/train/step/picture_loss.h"

#include <algorithm>
#include <cstring>

#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/kernels/losses/network_losses.h"
#include "fcis/kernels/ops/propose.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/model/fcis_head.h"
#include "fcis/model/rpn.h"

namespace fcis::train {
namespace {

// One picture of [N,...], sharing its elements; without the first axis when
// `drop`.
Tensor Picture(const Tensor& t, int64_t n, bool drop) {
  const Shape shape = drop ? Shape{t.dim(1), t.dim(2), t.dim(3)}
                           : Shape{1, t.dim(1), t.dim(2), t.dim(3)};
  return t.Part(n * shape.num_elements(), shape);
}

Tensor RowsOfDeltas(absl::Span<const BoxDelta> deltas) {
  static_assert(sizeof(BoxDelta) == 4 * sizeof(float), "a row of the tensor");
  Tensor t(Shape{static_cast<int64_t>(deltas.size()), 4});
  if (!deltas.empty()) {
    std::memcpy(t.mutable_raw(), deltas.data(), t.num_bytes());
  }
  return t;
}

template <typename Label>
Tensor LabelsOf(const std::vector<Label>& labels) {
  Tensor t({static_cast<int64_t>(labels.size())}, DType::kI32);
  std::copy(labels.begin(), labels.end(), t.mutable_data<int32_t>());
  return t;
}

class Loss {
 public:
  Loss(const ModelConfig& model, const TrainConfig& recipe,
       const data::TrainSample& sample, float gradient_weight,
       kernels::TrainBackend* backend, Sampler* sampler, Tensor* values,
       PictureTargets* targets)
      : model_(model),
        recipe_(recipe),
        sample_(sample),
        gradient_weight_(gradient_weight),
        backend_(backend),
        forward_(backend->forward()),
        sampler_(sampler),
        values_(values),
        targets_(targets),
        height_(static_cast<int>(sample.prepared.dim(1))),
        width_(static_cast<int>(sample.prepared.dim(2))),
        ignored_(sample.instances.ignored.empty()
                     ? IgnoredArea()
                     : IgnoredArea(
                           {sample.instances.ignored.data(), height_, width_})),
        pool_(model::PsroiParamsOf(model.head())) {}

  absl::StatusOr<PictureTerms> Run(const PictureMaps& maps);
  // What OHEM made of the targets.
  absl::Status ReadBackTargets();

 private:
  float Factor(kernels::LossTerm term) const {
    return FactorOf(term, recipe_.loss());
  }
  absl::Status Rpn(const model::RpnMaps& rpn, Tensor* gscores, Tensor* gdeltas);
  absl::Status MakeRois(const model::RpnMaps& rpn);
  absl::Status Pool(const Tensor& score_maps, const Tensor& box_maps);
  absl::Status Head(const Tensor& score_maps, const Tensor& box_maps,
                    Tensor* gscore_maps, Tensor* gbox_maps);

  const ModelConfig& model_;
  const TrainConfig& recipe_;
  const data::TrainSample& sample_;
  const float gradient_weight_;
  kernels::TrainBackend* backend_;
  kernels::Backend& forward_;
  Sampler* sampler_;
  Tensor* values_;  // of the terms
  PictureTargets* targets_;
  const int height_, width_;
  const IgnoredArea ignored_;
  const kernels::PsroiParams pool_;
  Tensor rois_;
  kernels::HeadLossArrays head_;
  PictureTerms terms_;
};

absl::Status Loss::Rpn(const model::RpnMaps& rpn, Tensor* gscores,
                       Tensor* gdeltas) {
  const std::vector<Box> anchors =
      model::AnchorsOf(model_.rpn(), rpn.deltas.dim(1), rpn.deltas.dim(2));
  AnchorTargets& targets = targets_->anchors;
  targets = MakeAnchorTargets(anchors, sample_.instances.boxes, height_, width_,
                              recipe_, sampler_, ignored_);
  terms_.without_anchors =
      std::all_of(targets.labels.begin(), targets.labels.end(),
                  [](int8_t label) { return label < 0; });
  kernels::RpnLossParams params;
  params.loc_factor = gradient_weight_ * Factor(kernels::kRpnLocTerm);
  params.cls_factor = gradient_weight_ * Factor(kernels::kRpnClsTerm);
  kernels::RpnLossArrays arrays;
  arrays.scores = rpn.scores;
  arrays.deltas = rpn.deltas;
  ASSIGN_OR_RETURN(arrays.labels, forward_.ToDevice(LabelsOf(targets.labels)));
  ASSIGN_OR_RETURN(arrays.targets,
                   forward_.ToDevice(RowsOfDeltas(targets.deltas)));
  arrays.gscores = *gscores;
  arrays.gdeltas = *gdeltas;
  return backend_->RpnLoss(params, &arrays, values_);
}

absl::Status Loss::MakeRois(const model::RpnMaps& rpn) {
  ASSIGN_OR_RETURN(
      const auto proposals,
      kernels::ops::Propose(
          forward_,
          model::ProposeParamsOf(model_.rpn(), height_, width_, sample_.scale),
          rpn.scores, rpn.deltas));
  targets_->proposals.assign(proposals.begin(), proposals.end());
  const data::Instances& instances = sample_.instances;
  std::vector<MaskView> masks;
  for (size_t i = 0; i < instances.size(); ++i) {
    masks.push_back({instances.masks[i].data(), height_, width_});
    if (!sample_.smooth_masks.empty()) {
      masks.back().values = sample_.smooth_masks[i].data();
    }
  }
  targets_->rois = MakeProposalTargets(targets_->proposals, instances.boxes,
                                       instances.labels, masks, model_, recipe_,
                                       sampler_, ignored_);
  terms_.without_rois = targets_->rois.rois.empty();
  return absl::OkStatus();
}

// What the head says of each RoI and should say, and where gradients go.
absl::Status Loss::Pool(const Tensor& score_maps, const Tensor& box_maps) {
  const ProposalTargets& t = targets_->rois;
  ASSIGN_OR_RETURN(rois_, forward_.ToDevice(RowsOfBoxes(t.rois)));
  ASSIGN_OR_RETURN(head_.labels, forward_.ToDevice(LabelsOf(t.labels)));
  ASSIGN_OR_RETURN(head_.targets, forward_.ToDevice(RowsOfDeltas(t.deltas)));
  const int64_t size = pool_.roi_size;
  ASSIGN_OR_RETURN(head_.masks, forward_.ToDevice(Tensor::FromSpan<int8_t>(
                                    {rois_.dim(0), size, size},
                                    absl::MakeConstSpan(t.masks))));
  using kernels::PsroiForm;
  ASSIGN_OR_RETURN(head_.means, kernels::ops::Psroi(forward_, PsroiForm::kMean,
                                                    pool_, box_maps, rois_));
  ASSIGN_OR_RETURN(head_.scores,
                   kernels::ops::Psroi(forward_, PsroiForm::kClassScores, pool_,
                                       score_maps, rois_));
  ASSIGN_OR_RETURN(head_.pairs,
                   kernels::ops::Psroi(forward_, PsroiForm::kClassPair, pool_,
                                       score_maps, rois_, head_.labels));
  const auto like = [this](const Tensor& t) {
    return forward_.AllocateMap(t.shape(), t.type());
  };
  ASSIGN_OR_RETURN(head_.gmeans, like(head_.means));
  ASSIGN_OR_RETURN(head_.gscores, like(head_.scores));
  ASSIGN_OR_RETURN(head_.gpairs, like(head_.pairs));
  ASSIGN_OR_RETURN(head_.own_class, like(head_.labels));
  return absl::OkStatus();
}

absl::Status Loss::Head(const Tensor& score_maps, const Tensor& box_maps,
                        Tensor* gscore_maps, Tensor* gbox_maps) {
  RETURN_IF_ERROR(Pool(score_maps, box_maps));
  kernels::HeadLossParams params;
  params.loc_weight = Factor(kernels::kFcisLocTerm);
  params.cls_weight = Factor(kernels::kFcisClsTerm);
  params.mask_weight = Factor(kernels::kFcisMaskTerm);
  params.gradient_weight = gradient_weight_;
  params.mask_over_all_rois = recipe_.loss().mask_over_all_rois();
  params.ohem_rois = recipe_.loss().ohem_rois();
  RETURN_IF_ERROR(backend_->HeadLoss(params, &head_, values_));
  RETURN_IF_ERROR(
      backend_->PsroiMeanGradient(pool_, rois_, head_.gmeans, gbox_maps));
  return backend_->PsroiClassGradient(pool_, score_maps, rois_, head_.gscores,
                                      head_.own_class, head_.gpairs,
                                      gscore_maps);
}

absl::StatusOr<PictureTerms> Loss::Run(const PictureMaps& maps) {
  const TrainNetwork::Outputs& outputs = *maps.outputs;
  TrainNetwork::Gradients& gradients = *maps.gradients;
  const int64_t n = maps.picture;
  const model::RpnMaps rpn = {Picture(outputs[model::kRpnScores], n, false),
                              Picture(outputs[model::kRpnDeltas], n, false)};
  // Gradients are written in place: the maps are large.
  Tensor gscores = Picture(gradients[model::kRpnScores], n, false);
  Tensor gdeltas = Picture(gradients[model::kRpnDeltas], n, false);
  const bool rois_first = recipe_.loss().rois_first();
  if (rois_first) RETURN_IF_ERROR(MakeRois(rpn));
  RETURN_IF_ERROR(Rpn(rpn, &gscores, &gdeltas));
  if (!rois_first) RETURN_IF_ERROR(MakeRois(rpn));
  Tensor gscore_maps = Picture(gradients[model::kScoreMaps], n, true);
  Tensor gbox_maps = Picture(gradients[model::kBoxMaps], n, true);
  RETURN_IF_ERROR(Head(Picture(outputs[model::kScoreMaps], n, true),
                       Picture(outputs[model::kBoxMaps], n, true), &gscore_maps,
                       &gbox_maps));
  return terms_;
}

absl::Status Loss::ReadBackTargets() {
  ASSIGN_OR_RETURN(const Tensor labels, forward_.ToHost(head_.labels));
  ASSIGN_OR_RETURN(const Tensor masks, forward_.ToHost(head_.masks));
  ProposalTargets& t = targets_->rois;
  t.labels.assign(labels.span<int32_t>().begin(), labels.span<int32_t>().end());
  t.masks.assign(masks.span<int8_t>().begin(), masks.span<int8_t>().end());
  return absl::OkStatus();
}

}  // namespace

LossTerms TermsOf(const LossConfig& config, double weight,
                  const PictureTerms& picture, const double* values) {
  LossTerms terms;
  for (const LossColumn& column : LossColumns()) {
    if (IsLack(column)) continue;
    terms[column.number] =
        values[column.number] * (weight * FactorOf(column.number, config));
  }
  terms[kWithoutAnchors] = picture.without_anchors;
  terms[kWithoutRois] = picture.without_rois;
  terms[kWithoutForeground] = values[kernels::kForegroundRoisTerm] == 0;
  return terms;
}

absl::StatusOr<PictureTerms> PictureLoss(
    const ModelConfig& model, const TrainConfig& recipe,
    const data::TrainSample& sample, const PictureMaps& maps,
    float gradient_weight, kernels::TrainBackend* backend, Sampler* sampler,
    Tensor* terms, PictureTargets* targets) {
  PictureTargets unused;
  Loss loss(model, recipe, sample, gradient_weight, backend, sampler, terms,
            targets == nullptr ? &unused : targets);
  ASSIGN_OR_RETURN(const PictureTerms known, loss.Run(maps));
  if (targets != nullptr) RETURN_IF_ERROR(loss.ReadBackTargets());
  return known;
}

}  // namespace fcis::train
