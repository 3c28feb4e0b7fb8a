#include "fcis/train/watch/watch_server.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/http/http_server.h"
#include "fcis/train/watch/run_data.h"
#include "fcis/train/watch/watch_page.h"

namespace fcis::train {
namespace {

using Clock = std::chrono::steady_clock;

// Browsers also open connections that they may need later.
constexpr int kConnections = 8;
constexpr int kNice = 10;
// A page asks every two seconds (watch.html).
constexpr auto kOpenPage = std::chrono::seconds(8);
constexpr auto kLastWord = std::chrono::seconds(3);

// "<version>,<rows>,<pictures version>"; what is none knows nothing.
RunData::Known ParseKnown(absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  RunData::Known known;
  uint64_t rows = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[1], &rows)) return known;
  known.version = parts[0];
  known.rows = static_cast<size_t>(rows);
  known.pictures = parts[2];
  return known;
}

}  // namespace

class WatchServer::Impl {
 public:
  explicit Impl(std::vector<std::string> runs) {
    for (std::string& run : runs) runs_.emplace_back(std::move(run));
  }

  absl::Status Start(int port);
  void Stop();
  const data::HttpServer& server() const { return *server_; }

 private:
  data::HttpResponse Answer(const data::HttpRequest& request);

  std::unique_ptr<data::HttpServer> server_;
  std::mutex mutex_;
  std::condition_variable answered_;
  // Guarded by mutex_.
  std::vector<RunData> runs_;
  int64_t answers_ = 0;
  Clock::time_point last_answer_;
};

absl::Status WatchServer::Impl::Start(int port) {
  data::HttpOptions options;
  options.port = port;
  options.max_connections = kConnections;
  std::vector<data::Route> routes = {
      {"GET", "/",
       [](const data::HttpRequest&) {
         return data::HttpResponse{
             200, "text/html; charset=utf-8", LivePage(), {}};
       }},
      {"GET", "/data",
       [this](const data::HttpRequest& request) { return Answer(request); }}};
  ASSIGN_OR_RETURN(server_,
                   data::HttpServer::Create(options, std::move(routes),
                                            [](const data::Served&) {}));
  // Threads have the priority of the thread that starts them.
  std::thread([this] {
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
    server_->Start();
  }).join();
  return absl::OkStatus();
}

data::HttpResponse WatchServer::Impl::Answer(const data::HttpRequest& request) {
  const auto have = request.query.find("have");
  const std::vector<std::string> known =
      absl::StrSplit(have == request.query.end() ? "" : have->second, ';');
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::string> data;
  for (size_t i = 0; i < runs_.size(); ++i) {
    runs_[i].Update();
    data.push_back(
        runs_[i].ToJson(ParseKnown(i < known.size() ? known[i] : "")));
  }
  ++answers_;
  last_answer_ = Clock::now();
  answered_.notify_all();
  return {200,
          "application/json",
          absl::StrCat("[", absl::StrJoin(data, ","), "]"),
          {}};
}

void WatchServer::Impl::Stop() {
  if (server_ == nullptr) return;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t before = answers_;
    if (before > 0 && Clock::now() - last_answer_ < kOpenPage) {
      answered_.wait_for(lock, kLastWord, [&] { return answers_ > before; });
    }
  }
  server_->Drain();
}

WatchServer::WatchServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

WatchServer::~WatchServer() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<WatchServer>> WatchServer::Start(
    std::vector<std::string> runs, int port) {
  auto impl = std::make_unique<Impl>(std::move(runs));
  const absl::Status started = impl->Start(port);
  if (!started.ok()) {
    return absl::UnavailableError(
        absl::StrCat("--watch_port: ", started.message()));
  }
  return std::unique_ptr<WatchServer>(new WatchServer(std::move(impl)));
}

int WatchServer::port() const { return impl_->server().port(); }

std::string WatchServer::url() const { return impl_->server().Url(); }

}  // namespace fcis::train
