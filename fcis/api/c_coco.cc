// The C ABI's COCOeval; c_records.cc reads its files.
#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/api/array_evaluation.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/fcis.h"

struct fcis_evaluation {
  fcis::api::ArrayEvaluation evaluation;
  bool matched = false;
};

namespace {

using fcis::api::ArrayEvaluation;
using fcis::api::CheckArray;
using fcis::api::CheckGiven;

absl::Status NewEvaluation(const fcis_evaluation_input* input,
                           fcis_evaluation** evaluation) {
  RETURN_IF_ERROR(CheckGiven(evaluation, "evaluation"));
  RETURN_IF_ERROR(CheckGiven(input, "input"));
  if (input->struct_size != sizeof(fcis_evaluation_input)) {
    return absl::InvalidArgumentError(
        absl::StrCat("struct_size: ", input->struct_size, ", expected ",
                     sizeof(fcis_evaluation_input)));
  }
  ASSIGN_OR_RETURN(ArrayEvaluation made, ArrayEvaluation::Make(*input));
  *evaluation = new fcis_evaluation{std::move(made)};
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
      e.SetIous(ious);
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
    RETURN_IF_ERROR(e.MeasureKeypoints(keypoints, sigmas, object_keypoints,
                                       detection_keypoints));
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
    if (area < 0 || area >= e.input().areas) {
      return absl::InvalidArgumentError(
          absl::StrCat("area: ", area, ", expected one of ", e.input().areas));
    }
    const auto T = static_cast<size_t>(e.input().thresholds);
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
                  {detection_matches, object_matches, detection_ignored,
                   object_order, object_ignored});
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
    RETURN_IF_ERROR(
        CheckArray(recall_thresholds, recalls, "recall_thresholds"));
    RETURN_IF_ERROR(CheckArray(max_dets, cuts, "max_dets"));
    const auto R = static_cast<size_t>(recalls), M = static_cast<size_t>(cuts);
    const size_t curves = static_cast<size_t>(e.input().thresholds) *
                          static_cast<size_t>(e.input().classes) *
                          static_cast<size_t>(e.input().areas) * M;
    const size_t points = curves * R;
    if (curves > 0) RETURN_IF_ERROR(CheckGiven(recall, "recall"));
    if (points > 0) {
      RETURN_IF_ERROR(CheckGiven(precision, "precision"));
      RETURN_IF_ERROR(CheckGiven(scores, "scores"));
    }
    e.Accumulate({recall_thresholds, R}, {max_dets, M},
                 {precision, recall, scores});
    return absl::OkStatus();
  });
}

void fcis_evaluation_free(fcis_evaluation* evaluation) noexcept {
  delete evaluation;
}

}  // extern "C"
