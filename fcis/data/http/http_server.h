// An HTTP/1.1 server for a table of routes, meant for the loopback and for
// clients that may be hostile. cpp-httplib reads requests and writes responses;
// sockets, threads, deadlines and limits are ours (connection_pool.h).
//
// Refused before a body is read: unknown paths (404) and methods (405), who may
// not use the server (access.h), bodies of declared excess (413), of two or no
// clear lengths (400) or compressed ones (415). Range is not heeded.
#ifndef FCIS_DATA_HTTP_HTTP_SERVER_H_
#define FCIS_DATA_HTTP_HTTP_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/data/http/access.h"
#include "fcis/data/http/http_types.h"

namespace fcis::data {

struct HttpOptions {
  std::string host = "127.0.0.1";
  int port = 0;  // 0: any that is free
  int max_connections = 64;
  // Of one request, and of all that are in memory at once (beyond: 503).
  size_t max_body_bytes = size_t{32} << 20;
  size_t max_all_bodies_bytes = size_t{256} << 20;
  size_t max_uploads = 32;  // files in one request
  // For the line and the headers of a request; for its body and the work on it,
  // until that begins; for sending the response; between two requests.
  absl::Duration head_time = absl::Seconds(10);
  absl::Duration request_time = absl::Seconds(60);
  absl::Duration response_time = absl::Seconds(60);
  absl::Duration idle_time = absl::Seconds(60);
  // A client may be sent away for another one after this time (pool).
  absl::Duration late = absl::Seconds(1);
  AccessRules access;
};

// A request that was answered.
struct Served {
  std::string peer;
  // For logs, escaped and cut; `path` without the query.
  std::string method, path;
  // For metrics: a route's path; of any other request "".
  std::string route;
  int status = 0;
  int64_t bytes_in = 0, bytes_out = 0;
  absl::Duration time;
};

class HttpServer {
 public:
  // Listens, but answers nothing yet. `served` is called by several threads at
  // once. Errors: ListenOn's.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Create(
      const HttpOptions& options, std::vector<Route> routes,
      std::function<void(const Served&)> served);
  // Drains.
  virtual ~HttpServer() = default;

  virtual std::string Url() const = 0;  // "http://127.0.0.1:8080/"
  virtual int port() const = 0;

  virtual void Start() = 0;
  // Accepts no connection from now on, answers what was begun, and returns.
  virtual void Drain() = 0;

  virtual int64_t connections() const = 0;
  virtual int64_t turned_away() const = 0;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_HTTP_SERVER_H_
