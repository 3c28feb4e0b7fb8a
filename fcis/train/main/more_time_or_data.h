// What would make a finished run's model better, by its own record.
#ifndef FCIS_TRAIN_MAIN_MORE_TIME_OR_DATA_H_
#define FCIS_TRAIN_MAIN_MORE_TIME_OR_DATA_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis::train {

// By iteration, ascending.
struct RunCurves {
  std::vector<std::pair<int64_t, double>> validation_ap, loss;
};

// Of a log.jsonl. Lines of a run that was resumed come once. Errors: a line
// that is none of a log.
absl::StatusOr<RunCurves> ReadRunCurves(absl::string_view log);

enum class Improvement {
  kUnknown,   // fewer than six validations, or nothing learnt (AP below 0.01)
  kMoreTime,  // validation still rose at the end
  kMoreData,  // the pictures are learnt ever better, others are not
  kNeither,   // both stand still
};

// The validations are cut into three parts of equal length. AP still rises
// where the mean of the last part is above that of the middle one by more than
// 3 % of the best AP. Else it has settled; then it is data that lack where the
// mean loss fell by more than 5 % from the iterations of the middle part to
// those of the last.
Improvement WhatWouldHelp(const RunCurves& curves);

// A line about the run in `directory` that says which, with the numbers that it
// follows from; "" for kUnknown, and where the log cannot be read.
std::string MoreTimeOrMoreData(const std::string& directory);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_MAIN_MORE_TIME_OR_DATA_H_
