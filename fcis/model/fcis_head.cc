#include "fcis/model/fcis_head.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/softmax.h"
#include "fcis/model/bin_major.h"
#include "fcis/model/resnet.h"

namespace fcis {
namespace {

constexpr int kBoxDepth = kBoxSlots * 4;

PsroiRounding FromConfig(HeadConfig::PsroiRounding rule) {
  switch (rule) {
    case HeadConfig::ROUND_THEN_SCALE_INCLUSIVE:
      return PsroiRounding::kRoundThenScaleInclusive;
    case HeadConfig::NONE:
      return PsroiRounding::kNone;
    case HeadConfig::ROUND_THEN_SCALE:
      break;
  }
  return PsroiRounding::kRoundThenScale;
}

Tensor AsTensor(absl::Span<const Box> boxes) {
  static_assert(sizeof(Box) == 4 * sizeof(float), "a row of the tensor");
  return Tensor::FromSpan<float>(
      {static_cast<int64_t>(boxes.size()), 4},
      absl::MakeConstSpan(reinterpret_cast<const float*>(boxes.data()),
                          4 * boxes.size()));
}

// Index of the largest value of each row; the first of equals.
Tensor ArgMax(const Tensor& rows) {
  Tensor best(Shape{rows.dim(0)}, DType::kI32);
  const int64_t n = rows.dim(1);
  for (int64_t r = 0; r < rows.dim(0); ++r) {
    const float* row = rows.data<float>() + r * n;
    best.mutable_data<int32_t>()[r] =
        static_cast<int32_t>(std::max_element(row, row + n) - row);
  }
  return best;
}

// Drops the leading extent of 1.
Tensor OnePicture(const Tensor& maps) {
  return maps.Reshaped({maps.dim(1), maps.dim(2), maps.dim(3)});
}

// [R,P,P,2] probabilities -> the inside half, [R,P,P].
Tensor Inside(const Tensor& pairs) {
  Tensor inside(Shape{pairs.dim(0), pairs.dim(1), pairs.dim(2)});
  const float* in = pairs.data<float>() + 1;
  for (float& v : inside.mutable_span<float>()) {
    v = *in;
    in += 2;
  }
  return inside;
}

Tensor RowsOf(const Tensor& t, int64_t first, int64_t count) {
  const int64_t row = t.num_elements() / std::max<int64_t>(1, t.dim(0));
  return Tensor::FromSpan<float>(
      {count, row}, t.span<float>().subspan(first * row, count * row));
}

}  // namespace

PsroiParams PsroiParamsOf(const HeadConfig& config) {
  PsroiParams params;
  params.group_size = config.group_size();
  params.roi_size = config.roi_size();
  params.spatial_scale = 1.0f / kFeatureStride;
  params.rounding = FromConfig(config.psroi_rounding());
  return params;
}

absl::StatusOr<FcisHead> FcisHead::Create(const Weights& weights,
                                          Backend* backend) {
  const HeadConfig& config = weights.config.head();
  FcisHead head;
  head.backend_ = backend;
  head.pool_ = PsroiParamsOf(config);
  for (int k = 0; k < 4; ++k) head.loc_std_[k] = config.loc_std(k);

  const auto& tensors = weights.tensors;
  ConvParams relu;
  relu.relu = true;
  ASSIGN_OR_RETURN(
      head.reduce_,
      ops::PrepareConv(*backend, relu, tensors.at("head/psroi_conv1/W"),
                       tensors.at("head/psroi_conv1/b")));
  const auto prepare_maps = [&](const std::string& name) {
    return ops::PrepareConv(
        *backend, ConvParams(),
        BinMajorRows(tensors.at(name + "/W"), config.group_size()),
        BinMajorRows(tensors.at(name + "/b"), config.group_size()));
  };
  ASSIGN_OR_RETURN(head.score_, prepare_maps("head/psroi_conv2"));
  ASSIGN_OR_RETURN(head.box_, prepare_maps("head/psroi_conv3"));
  return head;
}

absl::StatusOr<FcisHead::Maps> FcisHead::Run(
    const Tensor& res5, const StageObserver& observer) const {
  ASSIGN_OR_RETURN(const Tensor hidden, ops::Conv(*backend_, *reduce_, res5));
  RETURN_IF_ERROR(ObserveMap(observer, "psroi_conv1", hidden, backend_));
  Maps maps;
  ASSIGN_OR_RETURN(maps.scores, ops::Conv(*backend_, *score_, hidden));
  ASSIGN_OR_RETURN(maps.boxes, ops::Conv(*backend_, *box_, hidden));
  RETURN_IF_ERROR(ObserveBinMaps(observer, "h_cls_seg", maps.scores,
                                 pool_.group_size, backend_));
  RETURN_IF_ERROR(ObserveBinMaps(observer, "h_locs", maps.boxes,
                                 pool_.group_size, backend_));
  return maps;
}

absl::StatusOr<std::vector<Box>> FcisHead::Refine(const Tensor& box_maps,
                                                  absl::Span<const Box> rois,
                                                  int height, int width) const {
  ASSIGN_OR_RETURN(Tensor means,
                   ops::PsroiMean(*backend_, pool_, box_maps, AsTensor(rois)));
  ASSIGN_OR_RETURN(means, backend_->ToHost(means));
  std::vector<Box> refined(rois.size());
  for (size_t r = 0; r < rois.size(); ++r) {
    const float* v = means.data<float>() + r * kBoxDepth + 4;
    const BoxDelta delta = {v[0] * loc_std_[0], v[1] * loc_std_[1],
                            v[2] * loc_std_[2], v[3] * loc_std_[3]};
    refined[r] = ClipBox(DecodeBox(rois[r], delta), static_cast<float>(width),
                         static_cast<float>(height));
  }
  return refined;
}

absl::StatusOr<FcisHead::Output> FcisHead::Pool(
    const Maps& maps, absl::Span<const Box> rois, int height, int width,
    bool iter2, const StageObserver& observer) const {
  const Tensor score_maps = OnePicture(maps.scores);
  const Tensor box_maps = OnePicture(maps.boxes);
  Output output;
  output.rois.assign(rois.begin(), rois.end());
  if (iter2) {
    ASSIGN_OR_RETURN(const std::vector<Box> refined,
                     Refine(box_maps, rois, height, width));
    output.rois.insert(output.rois.end(), refined.begin(), refined.end());
  }
  // Both iterations in one call: each reads the maps once.
  const Tensor boxes = AsTensor(output.rois);
  ASSIGN_OR_RETURN(Tensor scores,
                   ops::PsroiClassScores(*backend_, pool_, score_maps, boxes));
  ASSIGN_OR_RETURN(scores, backend_->ToHost(scores));
  const Tensor classes = ArgMax(scores);
  ASSIGN_OR_RETURN(
      Tensor pairs,
      ops::PsroiClassPair(*backend_, pool_, score_maps, boxes, classes));
  ASSIGN_OR_RETURN(output.class_probs, ops::Softmax(*backend_, scores));
  ASSIGN_OR_RETURN(output.class_probs, backend_->ToHost(output.class_probs));
  ASSIGN_OR_RETURN(Tensor pair_probs, ops::Softmax(*backend_, pairs));
  ASSIGN_OR_RETURN(pair_probs, backend_->ToHost(pair_probs));
  output.mask_probs = Inside(pair_probs);
  if (observer) {
    ASSIGN_OR_RETURN(pairs, backend_->ToHost(pairs));
    const int64_t n = rois.size();
    RETURN_IF_ERROR(Observe(maps, RowsOf(boxes, 0, n), "_1", observer));
    if (iter2) {
      RETURN_IF_ERROR(Observe(maps, RowsOf(boxes, n, n), "_2", observer));
    }
    ASSIGN_OR_RETURN(Tensor means,
                     ops::PsroiMean(*backend_, pool_, box_maps, boxes));
    ASSIGN_OR_RETURN(means, backend_->ToHost(means));
    ObserveBoxes(observer, "rois", output.rois);
    observer("roi_cls_locs", means.Reshaped({means.dim(0), kBoxSlots, 4}));
    observer("roi_cls_scores", scores);
    ObserveCells(observer, "roi_seg_scores", pairs);
    observer("cls_prob", output.class_probs);
    observer("mask_prob", output.mask_probs);
  }
  return output;
}

absl::Status FcisHead::Observe(const Maps& maps, const Tensor& rois,
                               absl::string_view iteration,
                               const StageObserver& observer) const {
  const auto show = [&](const char* name, const Tensor& of) -> absl::Status {
    ASSIGN_OR_RETURN(Tensor cells,
                     ops::PsroiPool(*backend_, pool_, OnePicture(of), rois));
    ASSIGN_OR_RETURN(cells, backend_->ToHost(cells));
    ObserveCells(observer, absl::StrCat(name, iteration), cells);
    ASSIGN_OR_RETURN(Tensor means,
                     ops::PsroiMean(*backend_, pool_, OnePicture(of), rois));
    ASSIGN_OR_RETURN(means, backend_->ToHost(means));
    observer(absl::StrCat(name, iteration, "_mean"), means);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(show("pool_cls_seg", maps.scores));
  return show("pool_locs", maps.boxes);
}

}  // namespace fcis
