#include "fcis/train/watch/watch_server.h"

#include <httplib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fcis/train/watch/run_data.h"
#include "fcis/train/watch/watch_page.h"

namespace fcis::train {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kAddress[] = "127.0.0.1";
// Browsers also open connections that they may need later; each takes a thread
// until kIdle_s has passed.
constexpr int kThreads = 8, kIdle_s = 1;
constexpr int kNice = 10;
// A page asks every two seconds (watch.html).
constexpr auto kOpenPage = std::chrono::seconds(8);
constexpr auto kLastWord = std::chrono::seconds(3);

// What comes from a page of elsewhere has another host, whose name was made to
// mean this machine.
bool IsOwnHost(const std::string& host, int port) {
  for (const char* name : {kAddress, "localhost"}) {
    if (host == absl::StrCat(name, ":", port)) return true;
    if (port == 80 && host == name) return true;
  }
  return false;
}

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

// As it is: set_content would have the library pack it with Brotli at its
// slowest, which takes seconds of a core. `given` is called once it is sent.
void Give(std::string body, const char* type, std::function<void()> given,
          httplib::Response& response) {
  const auto kept = std::make_shared<const std::string>(std::move(body));
  response.set_content_provider(
      kept->size(), type,
      [kept](size_t offset, size_t length, httplib::DataSink& sink) {
        return sink.write(kept->data() + offset, length);
      },
      [given = std::move(given)](bool) { given(); });
}

}  // namespace

class WatchServer::Impl {
 public:
  explicit Impl(std::vector<std::string> runs) {
    for (std::string& run : runs) runs_.emplace_back(std::move(run));
  }

  bool Start(int port);
  void Stop();
  int port() const { return port_; }

 private:
  void Prepare();
  std::string Data(const std::string& have);
  void Answer(const httplib::Request& request, httplib::Response& response);
  void Answered(int64_t question);

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::atomic<bool> ended_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<RunData> runs_;
  int64_t questions_ = 0, answered_ = 0;  // a number, and the last one sent
  Clock::time_point last_answer_;
};

void WatchServer::Impl::Prepare() {
  server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
  // The library's own choice would let two servers have one port.
  server_.set_socket_options([](socket_t socket) {
    const int yes = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server_.set_keep_alive_max_count(1);
  server_.set_keep_alive_timeout(kIdle_s);
  server_.set_read_timeout(2);
  server_.set_write_timeout(5);
  server_.set_payload_max_length(0);
  server_.set_pre_routing_handler(
      [this](const httplib::Request& request, httplib::Response& response) {
        using Result = httplib::Server::HandlerResponse;
        if (IsOwnHost(request.get_header_value("Host"), port_)) {
          return Result::Unhandled;
        }
        response.status = 403;
        response.set_content("this page is for a browser on the same machine\n",
                             "text/plain");
        return Result::Handled;
      });
  server_.set_default_headers({{"Cache-Control", "no-store"},
                               {"X-Content-Type-Options", "nosniff"},
                               {"Cross-Origin-Resource-Policy", "same-origin"},
                               {"X-Frame-Options", "DENY"}});
  server_.Get("/", [](const httplib::Request&, httplib::Response& response) {
    Give(
        LivePage(), "text/html; charset=utf-8", [] {}, response);
  });
  server_.Get("/data", [this](const httplib::Request& request,
                              httplib::Response& response) {
    Answer(request, response);
  });
}

bool WatchServer::Impl::Start(int port) {
  Prepare();
  if (port == 0) {
    port_ = server_.bind_to_any_port(kAddress);
    if (port_ < 0) return false;
  } else {
    if (!server_.bind_to_port(kAddress, port)) return false;
    port_ = port;
  }
  thread_ = std::thread([this] {
    // Of this thread alone, and of those that it starts.
    setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kNice);
    server_.listen_after_bind();
    ended_ = true;
  });
  while (!server_.is_running() && !ended_) std::this_thread::yield();
  return true;
}

std::string WatchServer::Impl::Data(const std::string& have) {
  const std::vector<std::string> known = absl::StrSplit(have, ';');
  std::vector<std::string> data;
  for (size_t i = 0; i < runs_.size(); ++i) {
    runs_[i].Update();
    data.push_back(
        runs_[i].ToJson(ParseKnown(i < known.size() ? known[i] : "")));
  }
  return absl::StrCat("[", absl::StrJoin(data, ","), "]");
}

void WatchServer::Impl::Answer(const httplib::Request& request,
                               httplib::Response& response) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const int64_t question = ++questions_;
  Give(
      Data(request.get_param_value("have")), "application/json",
      [this, question] { Answered(question); }, response);
}

void WatchServer::Impl::Answered(int64_t question) {
  const std::lock_guard<std::mutex> lock(mutex_);
  answered_ = std::max(answered_, question);
  last_answer_ = Clock::now();
  changed_.notify_all();
}

void WatchServer::Impl::Stop() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const int64_t before = questions_;
    if (before > 0 && Clock::now() - last_answer_ < kOpenPage) {
      changed_.wait_for(lock, kLastWord, [&] { return answered_ > before; });
    }
  }
  server_.stop();
  if (thread_.joinable()) thread_.join();
}

WatchServer::WatchServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

WatchServer::~WatchServer() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<WatchServer>> WatchServer::Start(
    std::vector<std::string> runs, int port) {
  auto impl = std::make_unique<Impl>(std::move(runs));
  if (!impl->Start(port)) {
    return absl::UnavailableError(absl::StrCat(
        "port ", port, " of ", kAddress,
        " cannot be had; another program may use it, or another training (",
        "--watch_port takes another one, 0 a free one)"));
  }
  return std::unique_ptr<WatchServer>(new WatchServer(std::move(impl)));
}

int WatchServer::port() const { return impl_->port(); }

std::string WatchServer::url() const {
  return absl::StrCat("http://", kAddress, ":", port(), "/");
}

}  // namespace fcis::train
