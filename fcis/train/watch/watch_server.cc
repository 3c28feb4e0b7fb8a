#include "fcis/train/watch/watch_server.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/train/watch/watch_page.h"

namespace fcis::train {
namespace {

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

WatchServer::WatchServer(std::vector<std::string> runs) {
  for (std::string& run : runs) runs_.emplace_back(std::move(run));
}

absl::StatusOr<std::unique_ptr<WatchServer>> WatchServer::Start(
    std::vector<std::string> runs, int port) {
  std::unique_ptr<WatchServer> page(new WatchServer(std::move(runs)));
  data::HttpOptions options;
  options.port = port;
  options.max_connections = kConnections;
  std::vector<data::Route> routes = {
      {"GET", "/",
       [](const data::HttpRequest&) {
         return data::HttpResponse{
             200, "text/html; charset=utf-8", LivePage(), {}};
       }},
      {"GET", "/data", [page = page.get()](const data::HttpRequest& request) {
         return page->Answer(request);
       }}};
  absl::StatusOr<std::unique_ptr<data::HttpServer>> server =
      data::HttpServer::Create(options, std::move(routes),
                               [](const data::Served&) {});
  if (!server.ok()) {
    return absl::UnavailableError(
        absl::StrCat("--watch_port: ", server.status().message()));
  }
  page->server_ = *std::move(server);
  // Threads have the priority of the thread that starts them.
  std::thread([&] {
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
    page->server_->Start();
  }).join();
  return page;
}

data::HttpResponse WatchServer::Answer(const data::HttpRequest& request) {
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
  last_answer_ = std::chrono::steady_clock::now();
  answered_.notify_all();
  return {200,
          "application/json",
          absl::StrCat("[", absl::StrJoin(data, ","), "]"),
          {}};
}

WatchServer::~WatchServer() {
  if (server_ == nullptr) return;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t before = answers_;
    if (before > 0 &&
        std::chrono::steady_clock::now() - last_answer_ < kOpenPage) {
      answered_.wait_for(lock, kLastWord, [&] { return answers_ > before; });
    }
  }
  server_->Drain();
}

}  // namespace fcis::train
