#include "fcis/data/http/http_server.h"

#include <httplib.h>

#include <atomic>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/config/limits.h"
#include "fcis/data/http/connection.h"
#include "fcis/data/http/connection_pool.h"
#include "fcis/data/http/request_check.h"

namespace fcis::data {
namespace {

constexpr int kMaxRequests = 1000;  // of one connection
constexpr size_t kLongestLogged = 100;
// What a body's parts and chunks may have beside their bytes.
constexpr size_t kFraming = 1 << 16;
constexpr absl::Duration kDiscardTime = absl::Seconds(2);

// The library's handlers are not told whose request they have.
thread_local Connection* current = nullptr;

// Of all bodies that are in memory.
class Budget {
 public:
  Budget(std::atomic<int64_t>& used, size_t most)
      : used_(used), most_(static_cast<int64_t>(most)) {}
  ~Budget() { used_ -= taken_; }
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  bool Take(size_t bytes) {
    const auto more = static_cast<int64_t>(bytes);
    taken_ += more;
    return (used_ += more) <= most_;
  }

 private:
  std::atomic<int64_t>& used_;
  const int64_t most_;
  int64_t taken_ = 0;
};

class Server : public HttpServer, private httplib::Server {
 public:
  Server(const HttpOptions& options, const Listener& listener,
         std::vector<Route> routes, std::function<void(const Served&)> served)
      : options_(options),
        routes_(std::move(routes)),
        served_(std::move(served)),
        url_(
            absl::StrCat("http://", listener.address, ":", listener.port, "/")),
        port_(listener.port),
        pool_(listener, options.max_connections, options.late,
              [this](Connection& connection) { Serve(connection); }) {
    SetHandlers();
  }

  std::string Url() const override { return url_; }
  int port() const override { return port_; }
  void Start() override { pool_.Start(); }
  void Drain() override { pool_.Drain(); }
  int64_t connections() const override { return pool_.connections(); }
  int64_t turned_away() const override { return pool_.turned_away(); }

 private:
  void SetHandlers() {
    set_keep_alive_max_count(kMaxRequests);
    set_keep_alive_timeout(absl::ToInt64Seconds(options_.idle_time));
    set_pre_routing_handler([this](const auto& request, auto& response) {
      return Answer(request, response) ? HandlerResponse::Handled
                                       : HandlerResponse::Unhandled;
    });
    set_expect_100_continue_handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          return Refuse(request, response) ? response.status : 100;
        });
    for (const Route& route : routes_) {
      if (!route.takes_body) continue;
      Post(route.path, [this, &route](const httplib::Request& request,
                                      httplib::Response& response,
                                      const httplib::ContentReader& reader) {
        AnswerWithBody(route, request, response, reader);
      });
    }
    set_error_handler(Handler(
        [this](const httplib::Request& request, httplib::Response& response) {
          // The library would cut what is explained to those of the ranges that
          // it could read. The request is a variable of its own.
          const_cast<httplib::Request&>(request).ranges.clear();
          if (!response.body.empty()) return;
          Fill(Explain(response.status), response);
        }));
    set_exception_handler([](const httplib::Request&,
                             httplib::Response& response, std::exception_ptr) {
      current->CloseAfterResponse();
      Fill(ErrorResponse(500, "the request could not be worked on"), response);
    });
    set_post_routing_handler(
        [this](const httplib::Request&, httplib::Response& response) {
          Finish(response);
        });
    set_logger([this](const httplib::Request& request,
                      const httplib::Response& response) {
      Report(request, response.status);
    });
  }

  void Serve(Connection& connection) {
    current = &connection;
    for (int i = 1; i <= kMaxRequests; ++i) {
      if (!connection.WaitForRequest(SteadyNow() + options_.idle_time)) break;
      connection.ExpectAtMost(kMaxHttpHead, SteadyNow() + options_.head_time);
      bool closed = false;
      const bool last = i == kMaxRequests || pool_.wants_place();
      if (!ServeRequest(connection, last, closed) || last || closed ||
          connection.closes()) {
        break;
      }
    }
    if (connection.closes()) {
      connection.DiscardInput(SteadyNow() + kDiscardTime);
    }
  }

  bool ServeRequest(Connection& connection, bool last, bool& closed) {
    bool parsed = false;
    const auto setup = [&](httplib::Request& request) {
      parsed = true;
      Prepare(connection, request);
    };
    // Exceptions of the library beside those of handlers: no memory.
    try {
      const bool answered = Process(connection, last, closed, setup);
      // What follows a line that is none may be anything.
      if (!parsed) connection.CloseAfterResponse();
      if (!answered && !parsed) RefuseLine(connection);
      return answered;
    } catch (const std::exception&) {
      return false;
    }
  }

  // The library leaves a first line that does not end without an answer.
  void RefuseLine(Connection& connection) const {
    if (connection.bytes_out() > 0) return;
    const HttpResponse refusal = Explain(400);
    connection.WriteBy(SteadyNow() + options_.response_time);
    const std::string bytes = ResponseBytes(refusal);
    connection.write(bytes.data(), bytes.size());
    Report(httplib::Request(), refusal.status);
  }

  // httplib::Server::process_request of its versions 0.11 and 0.18.
  bool Process(Connection& connection, bool last, bool& closed,
               const std::function<void(httplib::Request&)>& setup) {
    return [&](auto process) {
      using Setup = const std::function<void(httplib::Request&)>&;
      if constexpr (std::is_invocable_v<decltype(process), httplib::Server&,
                                        httplib::Stream&, bool, bool&, Setup>) {
        return (this->*process)(connection, last, closed, setup);
      } else {
        return (this->*process)(connection, connection.peer(), 0, "", 0, last,
                                closed, setup);
      }
    }(&Server::process_request);
  }

  // Once line and headers are read.
  void Prepare(Connection& connection, httplib::Request& request) {
    request.ranges.clear();
    // Else the library packs answers with Brotli at its slowest, which takes
    // seconds of a core.
    request.headers.erase("Accept-Encoding");
    connection.ExpectAtMost(2 * options_.max_body_bytes + kFraming,
                            connection.request_start() + options_.request_time);
    const std::string wish = request.get_header_value("Connection");
    if (absl::StrContains(absl::AsciiStrToLower(wish), "close")) {
      connection.CloseAfterResponse();
    }
  }

  // Answers a request that is refused. False: it is not.
  bool Refuse(const httplib::Request& request,
              httplib::Response& response) const {
    const std::optional<HttpResponse> complaint =
        CheckRequest(options_, routes_, request);
    if (!complaint.has_value()) return false;
    if (HasBody(request) || complaint->status == 400) {
      current->CloseAfterResponse();
    }
    Fill(*complaint, response);
    return true;
  }

  // True: all is said. False: the body is to be read.
  bool Answer(const httplib::Request& request, httplib::Response& response) {
    if (Refuse(request, response)) return true;
    const Route& route = *FindRoute(routes_, request);
    if (route.takes_body) return false;
    if (HasBody(request)) current->CloseAfterResponse();
    Handle(route, request, {}, response);
    return true;
  }

  void Handle(const Route& route, const httplib::Request& request,
              std::vector<Upload> uploads, httplib::Response& response) {
    HttpRequest asked;
    asked.query = request.params;
    asked.uploads = std::move(uploads);
    asked.deadline = current->request_start() + options_.request_time;
    asked.client_left = [connection = current] {
      return connection->HasLeft();
    };
    current->SetWorking(true);
    const absl::Cleanup done = [] { current->SetWorking(false); };
    Fill(route.handle(asked), response);
  }

  void AnswerWithBody(const Route& route, const httplib::Request& request,
                      httplib::Response& response,
                      const httplib::ContentReader& reader) {
    Budget budget(bodies_, options_.max_all_bodies_bytes);
    std::vector<Upload> uploads;
    std::optional<HttpResponse> complaint;
    size_t total = 0;
    const auto begin = [&](std::string name) {
      if (uploads.size() == options_.max_uploads) {
        complaint =
            ErrorResponse(413, absl::StrCat("more than ", options_.max_uploads,
                                            " files in one request"));
        return false;
      }
      uploads.push_back({std::move(name), ""});
      return true;
    };
    const httplib::ContentReceiver add = [&](const char* bytes, size_t size) {
      total += size;
      if (total > options_.max_body_bytes) {
        complaint = TooLarge(options_);
      } else if (!budget.Take(size)) {
        complaint = ErrorResponse(503,
                                  "other requests take all the memory "
                                  "that there is for pictures");
        complaint->headers.emplace_back("Retry-After", "1");
      } else {
        uploads.back().bytes.append(bytes, size);
      }
      return !complaint.has_value();
    };
    const bool complete =
        request.is_multipart_form_data()
            ? reader(
                  [&](const httplib::MultipartFormData& part) {
                    return begin(part.filename.empty() ? part.name
                                                       : part.filename);
                  },
                  add)
            : begin("") && reader(add);
    if (complete) return Handle(route, request, std::move(uploads), response);
    current->CloseAfterResponse();
    if (complaint.has_value()) return Fill(*complaint, response);
    response.status = 400;
    if (request.is_multipart_form_data() &&
        current->end() == Connection::End::kNone) {
      Fill(ErrorResponse(400,
                         "the body is no multipart/form-data, or its "
                         "closing boundary is missing"),
           response);
    }
  }

  static void Fill(const HttpResponse& answer, httplib::Response& response) {
    response.status = answer.status;
    for (const auto& [name, value] : answer.headers) {
      response.set_header(name, value);
    }
    response.set_content(answer.body, answer.type);
  }

  // An error that the connection had, or the library, which gave it `status`.
  HttpResponse Explain(int status) const {
    switch (current->end()) {
      case Connection::End::kTimeout:
        return ErrorResponse(408, "the request did not come in time");
      case Connection::End::kLimit:
        if (current->bytes_in() > static_cast<int64_t>(kMaxHttpHead)) {
          return TooLarge(options_);
        }
        return ErrorResponse(
            431, absl::StrCat("line and headers have more than ", kMaxHttpHead,
                              " bytes"));
      case Connection::End::kClosed:
        return ErrorResponse(400, "the request ended early");
      case Connection::End::kNone:
        break;
    }
    return ErrorResponse(status, status == 414 ? "the address is too long"
                                 : status == 416
                                     ? "Range: expected none"
                                     : "this is no request of HTTP/1.1");
  }

  void Finish(httplib::Response& response) const {
    current->WriteBy(SteadyNow() + options_.response_time);
    response.set_header("X-Content-Type-Options", "nosniff");
    response.set_header("Cross-Origin-Resource-Policy", "same-origin");
    response.set_header("Cache-Control", "no-store");
    if (current->end() != Connection::End::kNone) {
      current->CloseAfterResponse();
    }
    if (!current->closes()) return;
    response.headers.erase("Keep-Alive");
    response.headers.erase("Connection");
    response.set_header("Connection", "close");
  }

  void Report(const httplib::Request& request, int status) const {
    Served served;
    served.peer = current->peer();
    const auto printable = [](const std::string& text) {
      return absl::CHexEscape(text.substr(0, kLongestLogged));
    };
    served.method = printable(request.method);
    const bool known = absl::c_any_of(routes_, [&](const Route& route) {
      return route.path == request.path;
    });
    if (known) served.route = request.path;
    served.path = printable(request.path);
    served.status = status;
    served.bytes_in = current->bytes_in();
    served.bytes_out = current->bytes_out();
    served.time = SteadyNow() - current->request_start();
    served_(served);
  }

  const HttpOptions options_;
  const std::vector<Route> routes_;
  const std::function<void(const Served&)> served_;
  const std::string url_;
  const int port_;
  std::atomic<int64_t> bodies_{0};
  // Last, as its threads use the rest.
  ConnectionPool pool_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Create(
    const HttpOptions& options, std::vector<Route> routes,
    std::function<void(const Served&)> served) {
  ASSIGN_OR_RETURN(const Listener listener,
                   ListenOn(options.host, options.port));
  return std::make_unique<Server>(options, listener, std::move(routes),
                                  std::move(served));
}

}  // namespace fcis::data
