// Flags of the programs that serve the page of runs.
#ifndef FCIS_TRAIN_WATCH_WATCH_FLAGS_H_
#define FCIS_TRAIN_WATCH_WATCH_FLAGS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/flags/declare.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/train/watch/watch_server.h"

ABSL_DECLARE_FLAG(bool, watch);
ABSL_DECLARE_FLAG(int, watch_port);

namespace fcis::train {

// A UsageError unless --watch_port is a port, or 0.
absl::Status CheckWatchFlags();

// With --watch: serves the page of the runs at --watch_port. Null without.
// Errors as WatchServer::Start.
absl::StatusOr<std::unique_ptr<WatchServer>> ServeFromFlags(
    std::vector<std::string> runs);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_WATCH_FLAGS_H_
