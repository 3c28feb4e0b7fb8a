// A line of log.jsonl (event_log.h), read.
#ifndef FCIS_TRAIN_RUN_LOG_LINE_H_
#define FCIS_TRAIN_RUN_LOG_LINE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace fcis::train {

// Names with their values, "iteration" first.
using LogLine = std::vector<std::pair<std::string, double>>;

// What has no finite value is left out. nullopt: it is no line of a log, or is
// cut off.
std::optional<LogLine> ReadLogLine(absl::string_view line);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_LOG_LINE_H_
