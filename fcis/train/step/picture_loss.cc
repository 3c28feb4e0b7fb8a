#include "fcis/train/step/picture_loss.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/model/fcis_head.h"
#include "fcis/model/rpn.h"
#include "fcis/train/losses/losses.h"

namespace fcis {
namespace {

// One picture of [N,...], sharing its elements; without the first axis when
// `drop`.
Tensor Picture(const Tensor& t, int64_t n, bool drop) {
  const int64_t bytes = t.num_bytes() / t.dim(0);
  const Shape shape = drop ? Shape{t.dim(1), t.dim(2), t.dim(3)}
                           : Shape{1, t.dim(1), t.dim(2), t.dim(3)};
  return Tensor::View(shape, t.type(),
                      static_cast<const char*>(t.raw()) + n * bytes,
                      std::make_shared<Tensor>(t));
}

// Scales and stores one picture's gradient.
void PutPicture(absl::Span<const float> g, float factor, int64_t n,
                Tensor* all) {
  float* to = all->mutable_data<float>() + n * static_cast<int64_t>(g.size());
  for (const float v : g) *to++ = v * factor;
}

Tensor RowsOfBoxes(absl::Span<const Box> boxes) {
  Tensor t(Shape{static_cast<int64_t>(boxes.size()), 4});
  float* to = t.mutable_data<float>();
  for (const Box& b : boxes) {
    for (const float v : {b.x0, b.y0, b.x1, b.y1}) *to++ = v;
  }
  return t;
}

std::vector<float> Flat(absl::Span<const BoxDelta> deltas) {
  std::vector<float> flat;
  flat.reserve(4 * deltas.size());
  for (const BoxDelta& d : deltas) {
    for (const float v : {d.dy, d.dx, d.dh, d.dw}) flat.push_back(v);
  }
  return flat;
}

// Share of rows with label >= least whose largest logit is the label's.
double Accuracy(absl::Span<const float> logits, int classes,
                absl::Span<const int> labels, int least) {
  int64_t counted = 0, right = 0;
  for (size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < least) continue;
    const float* row = logits.data() + r * classes;
    ++counted;
    right += std::max_element(row, row + classes) - row == labels[r];
  }
  return counted == 0 ? 0 : static_cast<double>(right) / counted;
}

class Loss {
 public:
  Loss(const ModelConfig& config, const LossOptions& options,
       const TrainSample& sample, TrainBackend* backend, Sampler* sampler,
       PictureTargets* targets)
      : config_(config),
        options_(options),
        sample_(sample),
        backend_(backend),
        sampler_(sampler),
        targets_(targets),
        height_(static_cast<int>(sample.prepared.dim(1))),
        width_(static_cast<int>(sample.prepared.dim(2))) {}

  absl::Status Run(const TrainNetwork::Outputs& outputs, int64_t n,
                   double weight, LossTerms* terms,
                   TrainNetwork::Gradients* gradients);

 private:
  void Rpn(const fcis::Rpn::Output& rpn, Tensor* gscores, Tensor* gdeltas);
  absl::Status Head(const Tensor& score_maps, const Tensor& box_maps,
                    Tensor* gscore_maps, Tensor* gbox_maps);
  absl::Status MakeRois(const fcis::Rpn::Output& rpn);

  const ModelConfig& config_;
  const LossOptions& options_;
  const TrainSample& sample_;
  TrainBackend* backend_;
  Sampler* sampler_;
  PictureTargets* targets_;
  const int height_, width_;
  LossTerms terms_;
};

void Loss::Rpn(const fcis::Rpn::Output& rpn, Tensor* gscores, Tensor* gdeltas) {
  const std::vector<Box> anchors =
      AnchorsOf(config_.rpn(), rpn.deltas.dim(1), rpn.deltas.dim(2));
  targets_->anchors =
      MakeAnchorTargets(anchors, sample_.instances.boxes, height_, width_,
                        options_.anchors, sampler_);
  const std::vector<int> labels(targets_->anchors.labels.begin(),
                                targets_->anchors.labels.end());
  terms_.without_anchors =
      std::all_of(labels.begin(), labels.end(), [](int l) { return l < 0; });
  *gdeltas = Tensor(rpn.deltas.shape());
  *gscores = Tensor(rpn.scores.shape());
  terms_.rpn_loc =
      BoxLoss(rpn.deltas.span<float>(), Flat(targets_->anchors.deltas), labels,
              options_.rpn_sigma, gdeltas->mutable_span<float>());
  terms_.rpn_cls = SoftmaxCrossEntropy(rpn.scores.span<float>(), 2, labels,
                                       gscores->mutable_span<float>());
  terms_.rpn_acc = Accuracy(rpn.scores.span<float>(), 2, labels, 0);
}

absl::Status Loss::MakeRois(const fcis::Rpn::Output& rpn) {
  targets_->proposals =
      ProposeBoxes(config_.rpn(), rpn, height_, width_, sample_.scale);
  const Instances& instances = sample_.instances;
  std::vector<MaskView> masks;
  for (const std::vector<uint8_t>& mask : instances.masks) {
    masks.push_back({mask.data(), height_, width_});
  }
  targets_->rois = MakeProposalTargets(targets_->proposals, instances.boxes,
                                       instances.labels, masks,
                                       options_.proposals, sampler_);
  return absl::OkStatus();
}

absl::Status Loss::Head(const Tensor& score_maps, const Tensor& box_maps,
                        Tensor* gscore_maps, Tensor* gbox_maps) {
  const ProposalTargets& t = targets_->rois;
  const PsroiParams pool = PsroiParamsOf(config_.head());
  const int64_t n = t.rois.size();
  const int classes = config_.classes_size() + 1;
  const bool any_foreground = std::any_of(t.labels.begin(), t.labels.end(),
                                          [](int l) { return l > 0; });
  terms_.without_rois = n == 0;
  terms_.without_foreground = !any_foreground;
  if (n == 0) {
    *gscore_maps = Tensor::Zeros(score_maps.shape());
    *gbox_maps = Tensor::Zeros(box_maps.shape());
    return absl::OkStatus();
  }
  Backend& forward = backend_->forward();
  const Tensor rois = RowsOfBoxes(t.rois);

  // Boxes: the slot of foreground, whose loss counts foreground RoIs only.
  ASSIGN_OR_RETURN(const Tensor means,
                   ops::PsroiMean(forward, pool, box_maps, rois));
  std::vector<float> slot(4 * n), gslot(4 * n);
  for (int64_t r = 0; r < n; ++r) {
    std::copy_n(means.data<float>() + (kBoxSlots * r + 1) * 4, 4, &slot[4 * r]);
  }
  terms_.fcis_loc = BoxLoss(slot, Flat(t.deltas), t.labels, options_.head_sigma,
                            absl::MakeSpan(gslot));
  Tensor gmeans = Tensor::Zeros(means.shape());
  for (int64_t r = 0; r < n; ++r) {
    for (int k = 0; k < 4; ++k) {
      gmeans.mutable_data<float>()[(kBoxSlots * r + 1) * 4 + k] =
          gslot[4 * r + k] * options_.fcis_loc;
    }
  }
  ASSIGN_OR_RETURN(*gbox_maps, backend_->PsroiMeanGradient(
                                   pool, box_maps.shape(), rois, gmeans));

  // Classes.
  ASSIGN_OR_RETURN(const Tensor scores,
                   ops::PsroiClassScores(forward, pool, score_maps, rois));
  Tensor gscores(scores.shape());
  terms_.fcis_cls = SoftmaxCrossEntropy(scores.span<float>(), classes, t.labels,
                                        gscores.mutable_span<float>());
  for (float& g : gscores.mutable_span<float>()) g *= options_.fcis_cls;
  terms_.fcis_cls_acc = Accuracy(scores.span<float>(), classes, t.labels, 0);
  terms_.fcis_fg_acc = Accuracy(scores.span<float>(), classes, t.labels, 1);

  // Masks: the pair of the RoI's own class.
  const Tensor label_rows =
      Tensor::FromSpan<int32_t>({n}, absl::MakeConstSpan(t.labels));
  ASSIGN_OR_RETURN(
      const Tensor pairs,
      ops::PsroiClassPair(forward, pool, score_maps, rois, label_rows));
  Tensor gpairs(pairs.shape());
  const std::vector<int> cells(t.masks.begin(), t.masks.end());
  terms_.fcis_mask = SoftmaxCrossEntropy(pairs.span<float>(), 2, cells,
                                         gpairs.mutable_span<float>());
  for (float& g : gpairs.mutable_span<float>()) g *= options_.fcis_mask;
  Tensor own_class = label_rows.Clone();
  for (int32_t& c : own_class.mutable_span<int32_t>()) c = c > 0 ? c : -1;
  ASSIGN_OR_RETURN(*gscore_maps,
                   backend_->PsroiClassGradient(pool, score_maps, rois, gscores,
                                                own_class, gpairs));
  return absl::OkStatus();
}

absl::Status Loss::Run(const TrainNetwork::Outputs& outputs, int64_t n,
                       double weight, LossTerms* terms,
                       TrainNetwork::Gradients* gradients) {
  const fcis::Rpn::Output rpn = {Picture(outputs.rpn_scores, n, false),
                                 Picture(outputs.rpn_deltas, n, false)};
  Tensor gscores, gdeltas, gscore_maps, gbox_maps;
  Rpn(rpn, &gscores, &gdeltas);
  RETURN_IF_ERROR(MakeRois(rpn));
  RETURN_IF_ERROR(Head(Picture(outputs.score_maps, n, true),
                       Picture(outputs.box_maps, n, true), &gscore_maps,
                       &gbox_maps));
  const float w = static_cast<float>(weight);
  PutPicture(gscores.span<float>(), w * options_.rpn_cls, n,
             &gradients->rpn_scores);
  PutPicture(gdeltas.span<float>(), w * options_.rpn_loc, n,
             &gradients->rpn_deltas);
  PutPicture(gscore_maps.span<float>(), w, n, &gradients->score_maps);
  PutPicture(gbox_maps.span<float>(), w, n, &gradients->box_maps);

  LossTerms weighted = terms_;  // counts stay whole
  weighted.rpn_loc *= weight * options_.rpn_loc;
  weighted.rpn_cls *= weight * options_.rpn_cls;
  weighted.fcis_loc *= weight * options_.fcis_loc;
  weighted.fcis_cls *= weight * options_.fcis_cls;
  weighted.fcis_mask *= weight * options_.fcis_mask;
  weighted.rpn_acc *= weight;
  weighted.fcis_cls_acc *= weight;
  weighted.fcis_fg_acc *= weight;
  AddTerms(weighted, terms);
  return absl::OkStatus();
}

}  // namespace

void AddTerms(const LossTerms& terms, LossTerms* to) {
  to->rpn_loc += terms.rpn_loc;
  to->rpn_cls += terms.rpn_cls;
  to->fcis_loc += terms.fcis_loc;
  to->fcis_cls += terms.fcis_cls;
  to->fcis_mask += terms.fcis_mask;
  to->rpn_acc += terms.rpn_acc;
  to->fcis_cls_acc += terms.fcis_cls_acc;
  to->fcis_fg_acc += terms.fcis_fg_acc;
  to->without_anchors += terms.without_anchors;
  to->without_rois += terms.without_rois;
  to->without_foreground += terms.without_foreground;
}

absl::Status PictureLoss(const ModelConfig& config, const LossOptions& options,
                         const TrainSample& sample,
                         const TrainNetwork::Outputs& outputs, int64_t picture,
                         double weight, TrainBackend* backend, Sampler* sampler,
                         LossTerms* terms, TrainNetwork::Gradients* gradients,
                         PictureTargets* targets) {
  PictureTargets unused;
  return Loss(config, options, sample, backend, sampler,
              targets == nullptr ? &unused : targets)
      .Run(outputs, picture, weight, terms, gradients);
}

}  // namespace fcis
