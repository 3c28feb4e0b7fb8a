#include "fcis/train/watch/watch_flags.h"

#include <utility>

#include "absl/flags/flag.h"
#include "fcis/core/cli/suggest.h"

ABSL_FLAG(bool, watch, false,
          "Serve a page to a browser on this machine that shows the run while "
          "it goes on.");
ABSL_FLAG(int, watch_port, 8765,
          "The port of --watch on 127.0.0.1; 0: a free one.");

namespace fcis::train {

absl::Status CheckWatchFlags() {
  return CheckRange(FLAGS_watch_port, 0, 65535);
}

absl::StatusOr<std::unique_ptr<WatchServer>> ServeFromFlags(
    std::vector<std::string> runs) {
  if (!absl::GetFlag(FLAGS_watch)) return std::unique_ptr<WatchServer>();
  return WatchServer::Start(std::move(runs), absl::GetFlag(FLAGS_watch_port));
}

}  // namespace fcis::train
