#include "fcis/kernels/losses/network_losses.h"

#include <algorithm>
#include <vector>

#include "absl/types/span.h"
#include "fcis/kernels/losses/losses.h"
#include "fcis/kernels/ops/arg_max.h"

namespace fcis {
namespace {

using Labels = absl::Span<const int>;

int64_t CountFrom(int least, Labels labels) {
  return std::count_if(labels.begin(), labels.end(),
                       [least](int label) { return label >= least; });
}

// Share of rows with label >= least whose largest logit is the label's.
double Accuracy(absl::Span<const float> logits, int classes, Labels labels,
                int least) {
  int64_t right = 0;
  for (size_t r = 0; r < labels.size(); ++r) {
    if (labels[r] < least) continue;
    right += ArgMaxOfRow(logits.data() + r * classes, classes) == labels[r];
  }
  const int64_t counted = CountFrom(least, labels);
  return counted == 0 ? 0 : static_cast<double>(right) / counted;
}

void Scale(float factor, Tensor* t) {
  for (float& v : t->mutable_span<float>()) v *= factor;
}

void KeepHardest(const HeadLossParams& params, HeadLossArrays* a) {
  const RoiOutputs outputs = RoiOutputsOf(params, *a);
  std::vector<double> losses(a->labels.num_elements());
  for (size_t r = 0; r < losses.size(); ++r) losses[r] = RoiLoss(outputs, r);
  const std::vector<int> kept = HardestRois(losses, params.ohem_rois);
  auto next = kept.begin();
  for (size_t r = 0; r < losses.size(); ++r) {
    if (next != kept.end() && static_cast<size_t>(*next) == r) {
      ++next;
      continue;
    }
    a->labels.mutable_data<int32_t>()[r] = -1;
    std::fill_n(a->masks.mutable_data<int8_t>() + r * outputs.cells,
                outputs.cells, int8_t{-1});
  }
}

double Boxes(const HeadLossParams& params, HeadLossArrays* a) {
  const int64_t n = a->labels.num_elements(), row = a->means.dim(1);
  std::vector<float> boxes(4 * n), grad(4 * n);
  for (int64_t r = 0; r < n; ++r) {
    std::copy_n(a->means.data<float>() + r * row + kForegroundBox, 4,
                &boxes[4 * r]);
  }
  const float term =
      BoxLoss(boxes, a->targets.span<float>(), a->labels.span<int32_t>(),
              params.sigma, absl::MakeSpan(grad));
  const absl::Span<float> gmeans = a->gmeans.mutable_span<float>();
  std::fill(gmeans.begin(), gmeans.end(), 0.0f);
  for (int64_t r = 0; r < n; ++r) {
    float* to = gmeans.data() + r * row + kForegroundBox;
    for (int k = 0; k < 4; ++k) {
      to[k] = grad[4 * r + k] * params.loc_weight * params.gradient_weight;
    }
  }
  return term;
}

double Masks(const HeadLossParams& params, HeadLossArrays* a) {
  const absl::Span<const int8_t> masks = a->masks.span<int8_t>();
  const std::vector<int> cells(masks.begin(), masks.end());
  const int64_t rois = a->labels.num_elements();
  const float share =
      MaskShare(params, rois == 0 ? 0 : masks.size() / rois,
                CountFrom(0, cells), CountFrom(0, a->labels.span<int32_t>()));
  const float term =
      share * SoftmaxCrossEntropy(a->pairs.span<float>(), 2, cells,
                                  a->gpairs.mutable_span<float>());
  Scale(params.mask_weight * share * params.gradient_weight, &a->gpairs);
  return term;
}

}  // namespace

RoiOutputs RoiOutputsOf(const HeadLossParams& params, const HeadLossArrays& a) {
  RoiOutputs o;
  o.classes = static_cast<int>(a.scores.dim(1));
  o.scores = static_cast<const float*>(a.scores.raw());
  o.boxes = static_cast<const float*>(a.means.raw());
  o.box_row = a.means.dim(1);
  o.box_first = kForegroundBox;
  o.cells = a.masks.dim(1) * a.masks.dim(2);
  o.mask_pairs = static_cast<const float*>(a.pairs.raw());
  o.labels = static_cast<const int32_t*>(a.labels.raw());
  o.box_targets = static_cast<const float*>(a.targets.raw());
  o.mask_targets = static_cast<const int8_t*>(a.masks.raw());
  o.sigma = params.sigma;
  o.class_weight = params.cls_weight;
  o.box_weight = params.loc_weight;
  o.mask_weight = params.mask_weight;
  return o;
}

void HostRpnLoss(const RpnLossParams& params, RpnLossArrays* a, Tensor* terms) {
  const Labels labels = a->labels.span<int32_t>();
  const absl::Span<const float> scores = a->scores.span<float>();
  double* const to = terms->mutable_data<double>();
  to[kRpnLocTerm] =
      BoxLoss(a->deltas.span<float>(), a->targets.span<float>(), labels,
              params.sigma, a->gdeltas.mutable_span<float>());
  to[kRpnClsTerm] =
      SoftmaxCrossEntropy(scores, 2, labels, a->gscores.mutable_span<float>());
  to[kRpnAccTerm] = Accuracy(scores, 2, labels, 0);
  Scale(params.loc_factor, &a->gdeltas);
  Scale(params.cls_factor, &a->gscores);
}

void HostHeadLoss(const HeadLossParams& params, HeadLossArrays* a,
                  Tensor* terms) {
  if (params.ohem_rois > 0) KeepHardest(params, a);
  const Labels labels = a->labels.span<int32_t>();
  const absl::Span<const float> scores = a->scores.span<float>();
  const int classes = static_cast<int>(a->scores.dim(1));
  double* const to = terms->mutable_data<double>();
  to[kFcisLocTerm] = Boxes(params, a);
  to[kFcisClsTerm] = SoftmaxCrossEntropy(scores, classes, labels,
                                         a->gscores.mutable_span<float>());
  Scale(params.cls_weight * params.gradient_weight, &a->gscores);
  to[kFcisClsAccTerm] = Accuracy(scores, classes, labels, 0);
  to[kFcisFgAccTerm] = Accuracy(scores, classes, labels, 1);
  to[kFcisMaskTerm] = Masks(params, a);
  to[kForegroundRoisTerm] = static_cast<double>(CountFrom(1, labels));
  std::transform(labels.begin(), labels.end(),
                 a->own_class.mutable_data<int32_t>(),
                 [](int label) { return label > 0 ? label : -1; });
}

}  // namespace fcis
