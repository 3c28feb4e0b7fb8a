// The parts of a report that explain errors; each an HTML <section>.
#ifndef FCIS_EVAL_REPORT_ERROR_SECTIONS_H_
#define FCIS_EVAL_REPORT_ERROR_SECTIONS_H_

#include <string>

#include "absl/types/span.h"
#include "fcis/eval/report/calibration.h"
#include "fcis/eval/report/confusion.h"
#include "fcis/eval/report/error_breakdown.h"

namespace fcis {

// TIDE's kinds of errors, with what mending each would gain.
std::string ErrorSection(const ErrorBreakdown& breakdown);

// The matrix of detections at an operating point and the most frequent
// mistakes. `names`: one per class.
std::string ConfusionSection(const ConfusionMatrix& matrix,
                             const OperatingPoint& point,
                             absl::Span<const std::string> names);

std::string CalibrationSection(const Calibration& calibration,
                               const OperatingPoint& point);

}  // namespace fcis

#endif  // FCIS_EVAL_REPORT_ERROR_SECTIONS_H_
