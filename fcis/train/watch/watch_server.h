// Serves the page of training runs to a browser on the same machine.
#ifndef FCIS_TRAIN_WATCH_WATCH_SERVER_H_
#define FCIS_TRAIN_WATCH_WATCH_SERVER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/data/http/http_server.h"
#include "fcis/train/watch/run_data.h"

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

  int port() const { return server_->port(); }
  // "http://127.0.0.1:8765/"
  std::string url() const { return server_->Url(); }

 private:
  explicit WatchServer(std::vector<std::string> runs);
  data::HttpResponse Answer(const data::HttpRequest& request);

  std::unique_ptr<data::HttpServer> server_;
  std::mutex mutex_;
  std::condition_variable answered_;
  // Guarded by mutex_.
  std::vector<RunData> runs_;
  int64_t answers_ = 0;
  std::chrono::steady_clock::time_point last_answer_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_WATCH_SERVER_H_
