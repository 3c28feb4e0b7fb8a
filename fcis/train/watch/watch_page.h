// The page of training runs.
#ifndef FCIS_TRAIN_WATCH_WATCH_PAGE_H_
#define FCIS_TRAIN_WATCH_WATCH_PAGE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fcis::train {

// A page that asks the server that it came from for data (watch_server.h).
std::string LivePage();

// A page with all that is known of the runs in these directories now: a
// complete HTML document that refers to nothing outside of itself. Errors:
// NotFound, a directory that holds no run, by its path.
absl::StatusOr<std::string> ReportPage(const std::vector<std::string>& runs);

// OK when each of the directories holds a run; else the error of ReportPage.
absl::Status CheckRuns(const std::vector<std::string>& runs);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_WATCH_PAGE_H_
