// Serves the page of training runs to a browser on the same machine.
#ifndef FCIS_TRAIN_WATCH_WATCH_SERVER_H_
#define FCIS_TRAIN_WATCH_WATCH_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace fcis::train {

// On 127.0.0.1 alone, and only to requests that name it as their host, so that
// no page of elsewhere can read it. Its threads are of low priority and idle
// unless a page asks; they read the run's files and share nothing with the
// training. It answers
//   GET /       the page
//   GET /data?have=<version>,<rows>,<pictures version>;...
//     a list of the runs' data (RunData::ToJson), as the page has them or "".
class WatchServer {
 public:
  // Of the runs in these directories, which may be empty yet. `port`: 0 for a
  // free one. Errors: the port cannot be had, by its number.
  static absl::StatusOr<std::unique_ptr<WatchServer>> Start(
      std::vector<std::string> runs, int port);
  WatchServer(const WatchServer&) = delete;
  WatchServer& operator=(const WatchServer&) = delete;
  // Gives a page that is open a moment to ask for the last of the data; then no
  // thread is left.
  ~WatchServer();

  int port() const;
  // "http://127.0.0.1:8765/"
  std::string url() const;

 private:
  class Impl;
  explicit WatchServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_WATCH_SERVER_H_
