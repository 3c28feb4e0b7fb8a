// The C ABI's COCOeval; c_records.cc reads its files.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/api/c_masks.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle.h"
#include "fcis/eval/arrays/array_evaluation.h"
#include "fcis/fcis.h"

struct fcis_evaluation {
  fcis::eval::ArrayEvaluation evaluation;
  int64_t objects, detections;  // of the input
  bool matched = false;
};

namespace {

using fcis::XywhBox;
using fcis::api::CheckGiven;
using fcis::eval::ArrayEvaluation;

constexpr int64_t kMostKeypoints = 1 << 20;

static_assert(sizeof(XywhBox) == 4 * sizeof(double), "boxes are [n, 4]");

// A column of n entries.
template <typename T>
absl::Status Take(const T* values, int64_t n, const char* name,
                  absl::Span<const T>* column) {
  constexpr int64_t kMost = int64_t{1} << 31;
  if (n < 0 || n >= kMost) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": ", n, " entries, expected 0 to 2^31 - 1"));
  }
  if (n == 0) return absl::OkStatus();
  RETURN_IF_ERROR(CheckGiven(values, name));
  *column = absl::MakeConstSpan(values, static_cast<size_t>(n));
  return absl::OkStatus();
}

absl::Span<const XywhBox> BoxesOf(const double* boxes, int64_t n) {
  if (boxes == nullptr) return {};
  return absl::MakeConstSpan(reinterpret_cast<const XywhBox*>(boxes),
                             static_cast<size_t>(n));
}

absl::Span<const fcis::Rle> MasksOf(const fcis_masks* masks) {
  if (masks == nullptr) return {};
  return masks->rles;
}

absl::Status TakeObjects(const fcis_evaluation_input& input,
                         fcis::eval::ObjectColumns& columns) {
  const int64_t n = input.objects;
  RETURN_IF_ERROR(Take(input.object_cells, n, "object_cells", &columns.cells));
  RETURN_IF_ERROR(Take(input.object_ids, n, "object_ids", &columns.ids));
  RETURN_IF_ERROR(Take(input.object_areas, n, "object_areas", &columns.areas));
  RETURN_IF_ERROR(
      Take(input.object_ignore, n, "object_ignore", &columns.ignore));
  RETURN_IF_ERROR(Take(input.object_crowd, n, "object_crowd", &columns.crowd));
  columns.boxes = BoxesOf(input.object_boxes, n);
  columns.masks = MasksOf(input.object_masks);
  return absl::OkStatus();
}

absl::Status TakeDetections(const fcis_evaluation_input& input,
                            fcis::eval::DetectionColumns& columns) {
  const int64_t n = input.detections;
  RETURN_IF_ERROR(
      Take(input.detection_cells, n, "detection_cells", &columns.cells));
  RETURN_IF_ERROR(Take(input.detection_ids, n, "detection_ids", &columns.ids));
  RETURN_IF_ERROR(
      Take(input.detection_areas, n, "detection_areas", &columns.areas));
  RETURN_IF_ERROR(
      Take(input.detection_scores, n, "detection_scores", &columns.scores));
  columns.boxes = BoxesOf(input.detection_boxes, n);
  columns.masks = MasksOf(input.detection_masks);
  return absl::OkStatus();
}

absl::StatusOr<fcis::eval::ArrayOptions> OptionsOf(
    const fcis_evaluation_input& input) {
  absl::Span<const double> thresholds, ranges;
  RETURN_IF_ERROR(Take(input.iou_thresholds, input.thresholds, "iou_thresholds",
                       &thresholds));
  if (input.areas < 0 || input.areas > 1 << 20) {
    return absl::InvalidArgumentError(
        absl::StrCat("areas: ", input.areas, ", expected 0 to 2^20"));
  }
  RETURN_IF_ERROR(
      Take(input.area_ranges, 2 * input.areas, "area_ranges", &ranges));
  fcis::eval::ArrayOptions options;
  options.classes = input.classes;
  options.images = input.images;
  options.iou_thresholds.assign(thresholds.begin(), thresholds.end());
  for (size_t a = 0; a < ranges.size(); a += 2) {
    options.area_ranges.emplace_back(ranges[a], ranges[a + 1]);
  }
  options.max_detections = input.max_detections;
  return options;
}

absl::Status NewEvaluation(const fcis_evaluation_input* input,
                           fcis_evaluation** evaluation) {
  RETURN_IF_ERROR(CheckGiven(evaluation, "evaluation"));
  RETURN_IF_ERROR(CheckGiven(input, "input"));
  if (input->struct_size != sizeof(fcis_evaluation_input)) {
    return absl::InvalidArgumentError(
        absl::StrCat("struct_size: ", input->struct_size, ", expected ",
                     sizeof(fcis_evaluation_input)));
  }
  fcis::eval::ObjectColumns objects;
  fcis::eval::DetectionColumns detections;
  RETURN_IF_ERROR(TakeObjects(*input, objects));
  RETURN_IF_ERROR(TakeDetections(*input, detections));
  ASSIGN_OR_RETURN(fcis::eval::ArrayOptions options, OptionsOf(*input));
  ASSIGN_OR_RETURN(
      ArrayEvaluation made,
      ArrayEvaluation::Make(objects, detections, std::move(options)));
  *evaluation =
      new fcis_evaluation{std::move(made), input->objects, input->detections};
  return absl::OkStatus();
}

absl::Status CheckMatched(const fcis_evaluation* evaluation) {
  RETURN_IF_ERROR(CheckGiven(evaluation, "evaluation"));
  if (evaluation->matched) return absl::OkStatus();
  return absl::FailedPreconditionError("fcis_evaluation_match comes first");
}

void Copy(absl::Span<const int64_t> values, int64_t* to) {
  if (to != nullptr) std::copy(values.begin(), values.end(), to);
}

template <typename T>
absl::Span<T> Out(T* values, size_t n) {
  return absl::MakeSpan(values, n);
}

}  // namespace

extern "C" {

int fcis_evaluation_new(const fcis_evaluation_input* input,
                        fcis_evaluation** evaluation, char* error,
                        size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size,
                            [&] { return NewEvaluation(input, evaluation); });
}

int64_t fcis_evaluation_detections(const fcis_evaluation* evaluation) noexcept {
  if (evaluation == nullptr) return 0;
  return static_cast<int64_t>(evaluation->evaluation.detections().size());
}

int64_t fcis_evaluation_pairs(const fcis_evaluation* evaluation) noexcept {
  return evaluation == nullptr ? 0 : evaluation->evaluation.num_pairs();
}

int fcis_evaluation_cells(const fcis_evaluation* evaluation,
                          int64_t* first_detection, int64_t* detection_order,
                          int64_t* first_object, int64_t* object_order,
                          char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(evaluation, "evaluation"));
    const ArrayEvaluation& e = evaluation->evaluation;
    Copy(e.detections().first, first_detection);
    Copy(e.detections().order, detection_order);
    Copy(e.objects().first, first_object);
    Copy(e.objects().order, object_order);
    return absl::OkStatus();
  });
}

int fcis_evaluation_match(fcis_evaluation* evaluation, const double* ious,
                          char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(evaluation, "evaluation"));
    ArrayEvaluation& e = evaluation->evaluation;
    if (ious == nullptr) {
      RETURN_IF_ERROR(e.Measure());
    } else {
      RETURN_IF_ERROR(e.SetIous(
          absl::MakeConstSpan(ious, static_cast<size_t>(e.num_pairs()))));
    }
    e.Match();
    evaluation->matched = true;
    return absl::OkStatus();
  });
}

int fcis_evaluation_match_keypoints(fcis_evaluation* evaluation,
                                    int64_t keypoints, const double* sigmas,
                                    const double* object_keypoints,
                                    const double* detection_keypoints,
                                    char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckGiven(evaluation, "evaluation"));
    ArrayEvaluation& e = evaluation->evaluation;
    if (keypoints < 1 || keypoints > kMostKeypoints) {
      return absl::InvalidArgumentError(absl::StrCat(
          "keypoints: ", keypoints, ", expected 1 to ", kMostKeypoints));
    }
    absl::Span<const double> all_sigmas, objects, detections;
    RETURN_IF_ERROR(Take(sigmas, keypoints, "sigmas", &all_sigmas));
    const int64_t each = 3 * keypoints;
    RETURN_IF_ERROR(Take(object_keypoints, evaluation->objects * each,
                         "object_keypoints", &objects));
    RETURN_IF_ERROR(Take(detection_keypoints, evaluation->detections * each,
                         "detection_keypoints", &detections));
    RETURN_IF_ERROR(e.MeasureKeypoints(all_sigmas, objects, detections));
    e.Match();
    evaluation->matched = true;
    return absl::OkStatus();
  });
}

int fcis_evaluation_ious(const fcis_evaluation* evaluation, double* ious,
                         char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckMatched(evaluation));
    const absl::Span<const double> all = evaluation->evaluation.ious();
    if (all.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(CheckGiven(ious, "ious"));
    std::copy(all.begin(), all.end(), ious);
    return absl::OkStatus();
  });
}

int fcis_evaluation_matches(const fcis_evaluation* evaluation, int64_t area,
                            double* detection_matches,
                            uint8_t* detection_ignored, double* object_matches,
                            int64_t* object_order, uint8_t* object_ignored,
                            char* error, size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckMatched(evaluation));
    const ArrayEvaluation& e = evaluation->evaluation;
    const size_t areas = e.options().area_ranges.size();
    if (area < 0 || static_cast<size_t>(area) >= areas) {
      return absl::InvalidArgumentError(
          absl::StrCat("area: ", area, ", expected one of ", areas));
    }
    const size_t T = e.options().iou_thresholds.size();
    const size_t D = e.detections().size(), G = e.objects().size();
    if (T * D > 0) {
      RETURN_IF_ERROR(CheckGiven(detection_matches, "detection_matches"));
      RETURN_IF_ERROR(CheckGiven(detection_ignored, "detection_ignored"));
    }
    if (T * G > 0)
      RETURN_IF_ERROR(CheckGiven(object_matches, "object_matches"));
    if (G > 0) {
      RETURN_IF_ERROR(CheckGiven(object_order, "object_order"));
      RETURN_IF_ERROR(CheckGiven(object_ignored, "object_ignored"));
    }
    e.CopyMatches(static_cast<size_t>(area),
                  {Out(detection_matches, T * D), Out(object_matches, T * G),
                   Out(detection_ignored, T * D), Out(object_order, G),
                   Out(object_ignored, G)});
    return absl::OkStatus();
  });
}

int fcis_evaluation_accumulate(const fcis_evaluation* evaluation,
                               int64_t recalls, const double* recall_thresholds,
                               int64_t cuts, const int64_t* max_dets,
                               double* precision, double* recall,
                               double* scores, char* error,
                               size_t error_size) noexcept {
  return fcis::api::Guarded(error, error_size, [&]() -> absl::Status {
    RETURN_IF_ERROR(CheckMatched(evaluation));
    const ArrayEvaluation& e = evaluation->evaluation;
    absl::Span<const double> thresholds;
    absl::Span<const int64_t> most;
    RETURN_IF_ERROR(
        Take(recall_thresholds, recalls, "recall_thresholds", &thresholds));
    RETURN_IF_ERROR(Take(max_dets, cuts, "max_dets", &most));
    const size_t curves = e.options().iou_thresholds.size() *
                          static_cast<size_t>(e.options().classes) *
                          e.options().area_ranges.size() * most.size();
    const size_t points = curves * thresholds.size();
    if (curves > 0) RETURN_IF_ERROR(CheckGiven(recall, "recall"));
    if (points > 0) {
      RETURN_IF_ERROR(CheckGiven(precision, "precision"));
      RETURN_IF_ERROR(CheckGiven(scores, "scores"));
    }
    e.Accumulate(
        thresholds, most,
        {Out(precision, points), Out(recall, curves), Out(scores, points)});
    return absl::OkStatus();
  });
}

void fcis_evaluation_free(fcis_evaluation* evaluation) noexcept {
  delete evaluation;
}

}  // extern "C"
