// The losses of a run and its validations as a picture that any browser shows.
#ifndef FCIS_TRAIN_RUN_LOSS_CHART_H_
#define FCIS_TRAIN_RUN_LOSS_CHART_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis::train {

// A stand-alone SVG of log.csv (fcis/train/run/event_log.h): every column whose
// name ends in "loss", against the iteration, on a logarithmic axis; those
// whose name begins with "validation_" on an axis from 0 to 1 at the right. The
// iterations are cut into at most 200 parts of equal length, each drawn as its
// mean. Losses of 0 and empty cells are left out; without a row the chart is
// empty. Errors: no header, a row that is torn or holds no numbers.
absl::StatusOr<std::string> LossChart(absl::string_view csv);

// losses.svg of the run in `directory`, from its log.csv.
absl::Status WriteLossChart(const std::string& directory);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_LOSS_CHART_H_
