#include "fcis/kernels/ops/psroi_pool.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {
namespace ops {
namespace {

absl::Status CheckMaps(const Backend& backend, const PsroiParams& params,
                       const Tensor& maps) {
  const int64_t bins =
      static_cast<int64_t>(params.group_size) * params.group_size;
  if (maps.type() != DType::kF32 && maps.type() != backend.activation_type()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "psroi: maps of type ", DTypeName(maps.type()), ", expected f32 or ",
        DTypeName(backend.activation_type())));
  }
  if (maps.shape().rank() != 3 || maps.num_elements() == 0 ||
      maps.dim(2) % bins != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "psroi: maps ", maps.shape().ToString(),
        ", expected H,W,channels, not empty, channels a multiple of ", bins));
  }
  return absl::OkStatus();
}

absl::Status CheckRois(const Tensor& rois) {
  if (rois.type() != DType::kF32 || rois.shape().rank() != 2 ||
      rois.dim(1) != 4) {
    return absl::InvalidArgumentError(
        absl::StrCat("psroi: rois ", rois.Describe(), ", expected f32 R,4"));
  }
  if (rois.device() != Device::kHost) return absl::OkStatus();
  for (const float v : rois.span<float>()) {
    if (!std::isfinite(v)) {
      return absl::InvalidArgumentError("psroi: a RoI is not finite");
    }
  }
  return absl::OkStatus();
}

// D, once everything is known to be valid.
absl::StatusOr<int64_t> Depth(const Backend& backend, const PsroiParams& params,
                              const Tensor& maps, const Tensor& rois) {
  if (params.group_size < 1 || params.roi_size < params.group_size ||
      !(params.spatial_scale > 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("psroi: group size ", params.group_size, ", RoI size ",
                     params.roi_size, ", scale ", params.spatial_scale,
                     ": expected 1 <= group <= RoI size, scale > 0"));
  }
  RETURN_IF_ERROR(CheckMaps(backend, params, maps));
  RETURN_IF_ERROR(CheckRois(rois));
  return maps.dim(2) / params.group_size / params.group_size;
}

absl::Status CheckClasses(const Tensor& classes, int64_t num_rois,
                          int64_t num_classes) {
  if (classes.type() != DType::kI32 || classes.shape() != Shape{num_rois}) {
    return absl::InvalidArgumentError(absl::StrCat(
        "psroi: classes ", classes.Describe(), ", expected i32 ", num_rois));
  }
  if (classes.device() != Device::kHost) return absl::OkStatus();
  for (const int32_t c : classes.span<int32_t>()) {
    if (c < 0 || c >= num_classes) {
      return absl::InvalidArgumentError(
          absl::StrCat("psroi: class ", c, ", expected 0..", num_classes - 1));
    }
  }
  return absl::OkStatus();
}

Shape ResultShape(PsroiForm form, int64_t rois, int64_t side, int64_t depth) {
  switch (form) {
    case PsroiForm::kPool:
      break;
    case PsroiForm::kMean:
      return {rois, depth};
    case PsroiForm::kClassScores:
      return {rois, depth / 2};
    case PsroiForm::kClassPair:
      return {rois, side, side, 2};
  }
  return {rois, side, side, depth};
}

}  // namespace

absl::StatusOr<Tensor> Psroi(Backend& backend, PsroiForm form,
                             const PsroiParams& params, const Tensor& maps,
                             const Tensor& rois, const Tensor& classes) {
  ASSIGN_OR_RETURN(const int64_t depth, Depth(backend, params, maps, rois));
  const bool of_pairs =
      form == PsroiForm::kClassScores || form == PsroiForm::kClassPair;
  if (of_pairs && depth % 2 != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("psroi: ", depth,
                     " values per bin, expected pairs of outside, inside"));
  }
  if (form == PsroiForm::kClassPair) {
    RETURN_IF_ERROR(CheckClasses(classes, rois.dim(0), depth / 2));
  }
  ASSIGN_OR_RETURN(
      Tensor y,
      backend.AllocateMap(
          ResultShape(form, rois.dim(0), params.roi_size, depth), DType::kF32));
  if (y.num_elements() > 0) {
    RETURN_IF_ERROR(backend.Psroi(form, params, maps, rois, classes, &y));
  }
  return y;
}

}  // namespace ops
}  // namespace fcis::kernels
