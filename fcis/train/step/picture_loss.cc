#include "fcis/train/step/picture_loss.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ops/propose.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/model/fcis_head.h"
#include "fcis/model/rpn.h"
#include "fcis/train/losses/losses.h"
#include "fcis/train/losses/ohem.h"

namespace fcis {
namespace {

// One picture of [N,...], sharing its elements; without the first axis when
// `drop`.
Tensor Picture(const Tensor& t, int64_t n, bool drop) {
  const Shape shape = drop ? Shape{t.dim(1), t.dim(2), t.dim(3)}
                           : Shape{1, t.dim(1), t.dim(2), t.dim(3)};
  return t.Part(n * shape.num_elements(), shape);
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
        width_(static_cast<int>(sample.prepared.dim(2))),
        pool_(PsroiParamsOf(config.head())) {}

  absl::Status Run(const TrainNetwork::Outputs& outputs, int64_t n,
                   double weight, LossTerms* terms,
                   TrainNetwork::Gradients* gradients);

 private:
  void Rpn(const fcis::Rpn::Output& rpn, Tensor* gscores, Tensor* gdeltas);
  absl::Status Head(const Tensor& score_maps, const Tensor& box_maps,
                    float weight, Tensor* gscore_maps, Tensor* gbox_maps);
  absl::Status MakeRois(const fcis::Rpn::Output& rpn);
  struct Pooled;
  absl::StatusOr<Pooled> Pool(const Tensor& score_maps, const Tensor& box_maps);
  void KeepHardest(const Pooled& pooled);
  absl::Status Boxes(const Pooled& pooled, float weight, Tensor* gmaps);
  absl::Status ClassesAndMasks(const Pooled& pooled, const Tensor& maps,
                               float weight, Tensor* gmaps);
  // Factor from the mean over cells that count to mask_over_all_rois.
  float MaskShare() const;

  const ModelConfig& config_;
  const LossOptions& options_;
  const TrainSample& sample_;
  TrainBackend* backend_;
  Sampler* sampler_;
  PictureTargets* targets_;
  const int height_, width_;
  const PsroiParams pool_;
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
  ASSIGN_OR_RETURN(targets_->proposals,
                   ops::Propose(backend_->forward(),
                                ProposeParamsOf(config_.rpn(), height_, width_,
                                                sample_.scale),
                                rpn.scores, rpn.deltas));
  const Instances& instances = sample_.instances;
  std::vector<MaskView> masks;
  for (const std::vector<uint8_t>& mask : instances.masks) {
    masks.push_back({mask.data(), height_, width_});
  }
  ProposalTargetParams params = options_.proposals;
  if (options_.ohem_rois > 0) params.n_sample = ProposalTargetParams::kAllRois;
  targets_->rois =
      MakeProposalTargets(targets_->proposals, instances.boxes,
                          instances.labels, masks, params, sampler_);
  return absl::OkStatus();
}

// What the head says of each RoI: its class logits, its box, the logits of
// outside and inside in each cell for its own class.
struct Loss::Pooled {
  Tensor rois, label_rows, scores, pairs;
  std::vector<float> boxes;  // [n][4], the slot of foreground
};

absl::StatusOr<Loss::Pooled> Loss::Pool(const Tensor& score_maps,
                                        const Tensor& box_maps) {
  const ProposalTargets& t = targets_->rois;
  const int64_t n = t.rois.size();
  Backend& forward = backend_->forward();
  Pooled p;
  p.rois = RowsOfBoxes(t.rois);
  p.label_rows = Tensor::FromSpan<int32_t>({n}, absl::MakeConstSpan(t.labels));
  ASSIGN_OR_RETURN(Tensor means,
                   ops::PsroiMean(forward, pool_, box_maps, p.rois));
  ASSIGN_OR_RETURN(means, forward.ToHost(means));
  p.boxes.resize(4 * n);
  for (int64_t r = 0; r < n; ++r) {
    std::copy_n(means.data<float>() + (kBoxSlots * r + 1) * 4, 4,
                &p.boxes[4 * r]);
  }
  ASSIGN_OR_RETURN(p.scores,
                   ops::PsroiClassScores(forward, pool_, score_maps, p.rois));
  ASSIGN_OR_RETURN(p.pairs, ops::PsroiClassPair(forward, pool_, score_maps,
                                                p.rois, p.label_rows));
  ASSIGN_OR_RETURN(p.scores, forward.ToHost(p.scores));
  ASSIGN_OR_RETURN(p.pairs, forward.ToHost(p.pairs));
  return p;
}

void Loss::KeepHardest(const Pooled& p) {
  ProposalTargets& t = targets_->rois;
  const std::vector<float> deltas = Flat(t.deltas);
  RoiOutputs outputs;
  outputs.classes = config_.classes_size() + 1;
  outputs.scores = p.scores.span<float>();
  outputs.boxes = p.boxes;
  outputs.mask_pairs = p.pairs.span<float>();
  outputs.labels = t.labels;
  outputs.box_targets = deltas;
  outputs.mask_targets = t.masks;
  outputs.sigma = options_.head_sigma;
  outputs.class_weight = options_.fcis_cls;
  outputs.box_weight = options_.fcis_loc;
  outputs.mask_weight = options_.fcis_mask;
  const std::vector<int> kept =
      HardestRois(RoiLosses(outputs), options_.ohem_rois);
  const size_t cells = t.masks.size() / t.rois.size();
  auto next = kept.begin();
  for (size_t r = 0; r < t.rois.size(); ++r) {
    if (next != kept.end() && static_cast<size_t>(*next) == r) {
      ++next;
      continue;
    }
    t.labels[r] = -1;
    std::fill_n(t.masks.begin() + r * cells, cells, int8_t{-1});
  }
}

absl::Status Loss::Boxes(const Pooled& p, float weight, Tensor* gmaps) {
  // The slot of foreground, whose loss counts foreground RoIs only.
  const ProposalTargets& t = targets_->rois;
  std::vector<float> gslot(p.boxes.size());
  terms_.fcis_loc = BoxLoss(p.boxes, Flat(t.deltas), t.labels,
                            options_.head_sigma, absl::MakeSpan(gslot));
  const int64_t n = t.rois.size();
  Tensor gmeans = Tensor::Zeros({n, kBoxSlots * 4});
  for (int64_t r = 0; r < n; ++r) {
    for (int k = 0; k < 4; ++k) {
      gmeans.mutable_data<float>()[(kBoxSlots * r + 1) * 4 + k] =
          gslot[4 * r + k] * options_.fcis_loc * weight;
    }
  }
  return backend_->PsroiMeanGradient(pool_, p.rois, gmeans, gmaps);
}

absl::Status Loss::ClassesAndMasks(const Pooled& p, const Tensor& maps,
                                   float weight, Tensor* gmaps) {
  const ProposalTargets& t = targets_->rois;
  const int classes = config_.classes_size() + 1;
  Tensor gscores(p.scores.shape());
  terms_.fcis_cls = SoftmaxCrossEntropy(
      p.scores.span<float>(), classes, t.labels, gscores.mutable_span<float>());
  for (float& g : gscores.mutable_span<float>()) {
    g *= options_.fcis_cls * weight;
  }
  terms_.fcis_cls_acc = Accuracy(p.scores.span<float>(), classes, t.labels, 0);
  terms_.fcis_fg_acc = Accuracy(p.scores.span<float>(), classes, t.labels, 1);

  Tensor gpairs(p.pairs.shape());
  const std::vector<int> cells(t.masks.begin(), t.masks.end());
  const float share = MaskShare();
  terms_.fcis_mask =
      share * SoftmaxCrossEntropy(p.pairs.span<float>(), 2, cells,
                                  gpairs.mutable_span<float>());
  for (float& g : gpairs.mutable_span<float>()) {
    g *= options_.fcis_mask * share * weight;
  }
  Tensor own_class = Tensor::FromSpan<int32_t>(p.label_rows.shape(),
                                               absl::MakeConstSpan(t.labels));
  for (int32_t& c : own_class.mutable_span<int32_t>()) c = c > 0 ? c : -1;
  return backend_->PsroiClassGradient(pool_, maps, p.rois, gscores, own_class,
                                      gpairs, gmaps);
}

float Loss::MaskShare() const {
  const ProposalTargets& t = targets_->rois;
  if (!options_.mask_over_all_rois || t.rois.empty()) return 1;
  const auto of = [](auto begin, auto end) {
    return static_cast<double>(
        std::count_if(begin, end, [](int v) { return v >= 0; }));
  };
  const double cells = static_cast<double>(t.masks.size()) / t.rois.size();
  return static_cast<float>(of(t.masks.begin(), t.masks.end()) /
                            (cells * of(t.labels.begin(), t.labels.end())));
}

absl::Status Loss::Head(const Tensor& score_maps, const Tensor& box_maps,
                        float weight, Tensor* gscore_maps, Tensor* gbox_maps) {
  ProposalTargets& t = targets_->rois;
  terms_.without_rois = t.rois.empty();
  ASSIGN_OR_RETURN(const Pooled pooled, Pool(score_maps, box_maps));
  if (options_.ohem_rois > 0 && !t.rois.empty()) KeepHardest(pooled);
  terms_.without_foreground = std::none_of(t.labels.begin(), t.labels.end(),
                                           [](int l) { return l > 0; });
  RETURN_IF_ERROR(Boxes(pooled, weight, gbox_maps));
  return ClassesAndMasks(pooled, score_maps, weight, gscore_maps);
}

absl::Status Loss::Run(const TrainNetwork::Outputs& outputs, int64_t n,
                       double weight, LossTerms* terms,
                       TrainNetwork::Gradients* gradients) {
  const fcis::Rpn::Output rpn = {Picture(outputs.rpn_scores, n, false),
                                 Picture(outputs.rpn_deltas, n, false)};
  Tensor gscores, gdeltas;
  Rpn(rpn, &gscores, &gdeltas);
  RETURN_IF_ERROR(MakeRois(rpn));
  const float w = static_cast<float>(weight);
  // Written in place: the maps are large.
  Tensor gscore_maps = Picture(gradients->score_maps, n, true);
  Tensor gbox_maps = Picture(gradients->box_maps, n, true);
  RETURN_IF_ERROR(Head(Picture(outputs.score_maps, n, true),
                       Picture(outputs.box_maps, n, true), w, &gscore_maps,
                       &gbox_maps));
  PutPicture(gscores.span<float>(), w * options_.rpn_cls, n,
             &gradients->rpn_scores);
  PutPicture(gdeltas.span<float>(), w * options_.rpn_loc, n,
             &gradients->rpn_deltas);

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
