#include "fcis/model/fcis_head.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/kernels/ops/arg_max.h"
#include "fcis/kernels/ops/softmax.h"
#include "fcis/model/topology.h"

namespace fcis::model {
namespace {

using kernels::PsroiForm;

kernels::PsroiRounding FromConfig(HeadConfig::PsroiRounding rule) {
  switch (rule) {
    case HeadConfig::ROUND_THEN_SCALE_INCLUSIVE:
      return kernels::PsroiRounding::kRoundThenScaleInclusive;
    case HeadConfig::NONE:
      return kernels::PsroiRounding::kNone;
    case HeadConfig::ROUND_THEN_SCALE:
      break;
  }
  return kernels::PsroiRounding::kRoundThenScale;
}

// Drops the leading extent of 1.
Tensor OnePicture(const Tensor& maps) {
  return maps.Reshaped({maps.dim(1), maps.dim(2), maps.dim(3)});
}

Tensor RowsOf(const Tensor& t, int64_t first, int64_t count) {
  const int64_t row = t.num_elements() / std::max<int64_t>(1, t.dim(0));
  return Tensor::FromSpan<float>(
      {count, row}, t.span<float>().subspan(first * row, count * row));
}

// i32 [R], of scores f32 [R,C].
Tensor BestClasses(const Tensor& scores) {
  Tensor best(Shape{scores.dim(0)}, DType::kI32);
  const int64_t classes = scores.dim(1);
  const float* const from = scores.data<float>();
  int32_t* const to = best.mutable_data<int32_t>();
  ParallelForEach(scores.dim(0), 16, [&](int64_t r) {
    to[r] = kernels::ArgMaxOfRow(from + r * classes, classes);
  });
  return best;
}

}  // namespace

kernels::PsroiParams PsroiParamsOf(const HeadConfig& config) {
  kernels::PsroiParams params;
  params.group_size = config.group_size();
  params.roi_size = config.roi_size();
  params.spatial_scale = 1.0f / kFeatureStride;
  params.rounding = FromConfig(config.psroi_rounding());
  return params;
}

FcisHead::FcisHead(const HeadConfig& config, kernels::Backend* backend)
    : backend_(backend), pool_(PsroiParamsOf(config)) {
  for (int k = 0; k < 4; ++k) refine_.delta_std[k] = config.loc_std(k);
}

absl::StatusOr<Tensor> FcisHead::PoolAs(PsroiForm form, const Tensor& maps,
                                        const Tensor& rois,
                                        const Tensor& classes) const {
  return kernels::ops::Psroi(*backend_, form, pool_, OnePicture(maps), rois,
                             classes);
}

absl::StatusOr<FcisHead::Output> FcisHead::Pool(
    const Maps& maps, absl::Span<const Box> rois, int height, int width,
    bool iter2, const StageObserver& observer) const {
  Output output;
  output.rois = RowsOfBoxes(rois);
  if (iter2) {
    ASSIGN_OR_RETURN(const Tensor means,
                     PoolAs(PsroiForm::kMean, maps.boxes, output.rois));
    kernels::RefineParams params = refine_;
    params.height = static_cast<float>(height);
    params.width = static_cast<float>(width);
    // The foreground's slot is the last one.
    ASSIGN_OR_RETURN(output.rois, kernels::ops::RefineBoxes(
                                      *backend_, params, output.rois, means));
  }
  // Both iterations in one call: each reads the maps once.
  ASSIGN_OR_RETURN(Tensor scores,
                   PoolAs(PsroiForm::kClassScores, maps.scores, output.rois));
  ASSIGN_OR_RETURN(output.class_probs,
                   kernels::ops::Softmax(*backend_, scores));
  // One wait on a device: what the host has to choose from.
  for (Tensor* t : {&output.rois, &output.class_probs, &scores}) {
    ASSIGN_OR_RETURN(*t, backend_->ToHost(*t));
  }
  output.classes = BestClasses(scores);
  if (observer) {
    RETURN_IF_ERROR(Observe(maps, output, scores, iter2, observer));
  }
  return output;
}

absl::StatusOr<Tensor> FcisHead::Masks(const Maps& maps, const Output& output,
                                       absl::Span<const int> some) const {
  const int64_t count = static_cast<int64_t>(some.size());
  Tensor rois(Shape{count, 4}), classes(Shape{count}, DType::kI32);
  for (int64_t i = 0; i < count; ++i) {
    std::copy_n(output.rois.data<float>() + 4 * some[i], 4,
                rois.mutable_data<float>() + 4 * i);
    classes.mutable_data<int32_t>()[i] =
        output.classes.data<int32_t>()[some[i]];
  }
  ASSIGN_OR_RETURN(const Tensor pairs,
                   PoolAs(PsroiForm::kClassPair, maps.scores, rois, classes));
  return kernels::ops::InsideProbabilities(*backend_, pairs);
}

absl::Status FcisHead::Observe(const Maps& maps, const Output& output,
                               const Tensor& scores, bool iter2,
                               const StageObserver& observer) const {
  const Tensor& rois = output.rois;
  const int64_t n = iter2 ? rois.dim(0) / 2 : rois.dim(0);
  RETURN_IF_ERROR(ObserveCellsOf(maps, RowsOf(rois, 0, n), "_1", observer));
  if (iter2) {
    RETURN_IF_ERROR(ObserveCellsOf(maps, RowsOf(rois, n, n), "_2", observer));
  }
  const auto show = [&](const char* name, const Tensor& t) -> absl::Status {
    ASSIGN_OR_RETURN(const Tensor host, backend_->ToHost(t));
    observer(name, host);
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const Tensor means,
                   PoolAs(PsroiForm::kMean, maps.boxes, rois));
  ASSIGN_OR_RETURN(
      const Tensor pairs,
      PoolAs(PsroiForm::kClassPair, maps.scores, rois, output.classes));
  ASSIGN_OR_RETURN(const Tensor cells, backend_->ToHost(pairs));
  ASSIGN_OR_RETURN(const Tensor masks,
                   kernels::ops::InsideProbabilities(*backend_, pairs));
  ObserveBoxes(observer, "rois", BoxesOfRows(rois));
  RETURN_IF_ERROR(
      show("roi_cls_locs", means.Reshaped({means.dim(0), kBoxSlots, 4})));
  RETURN_IF_ERROR(show("roi_cls_scores", scores));
  ObserveCells(observer, "roi_seg_scores", cells);
  observer("cls_prob", output.class_probs);
  return show("mask_prob", masks);
}

absl::Status FcisHead::ObserveCellsOf(const Maps& maps, const Tensor& rois,
                                      absl::string_view iteration,
                                      const StageObserver& observer) const {
  const auto show = [&](const char* name, const Tensor& of) -> absl::Status {
    ASSIGN_OR_RETURN(Tensor cells, PoolAs(PsroiForm::kPool, of, rois));
    ASSIGN_OR_RETURN(cells, backend_->ToHost(cells));
    ObserveCells(observer, absl::StrCat(name, iteration), cells);
    ASSIGN_OR_RETURN(Tensor means, PoolAs(PsroiForm::kMean, of, rois));
    ASSIGN_OR_RETURN(means, backend_->ToHost(means));
    observer(absl::StrCat(name, iteration, "_mean"), means);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(show("pool_cls_seg", maps.scores));
  return show("pool_locs", maps.boxes);
}

}  // namespace fcis::model
