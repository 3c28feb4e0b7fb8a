// What a web service is given and what it answers, whichever library speaks
// HTTP (http_server.h).
#ifndef FCIS_DATA_HTTP_HTTP_TYPES_H_
#define FCIS_DATA_HTTP_HTTP_TYPES_H_

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fcis::data {

// What the client sent as one file.
struct Upload {
  std::string name;  // as the client called it; may be empty, or anything
  std::string bytes;
};

struct HttpRequest {
  std::multimap<std::string, std::string> query;  // decoded
  // The body or, of multipart/form-data, its parts. Empty for a route that
  // takes no body.
  std::vector<Upload> uploads;
  // When nobody waits for the answer any more, by SteadyNow.
  absl::Time deadline = absl::InfiniteFuture();
  // Whether the client has closed the connection.
  std::function<bool()> client_left = [] { return false; };
};

struct HttpResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// {"error": {"code": status, "message": message}}, as UTF-8, as JSON must be.
HttpResponse ErrorResponse(int status, absl::string_view message);

// As sent on a connection that ends after it.
std::string ResponseBytes(const HttpResponse& response);

struct Route {
  std::string method;  // "GET", which also answers HEAD, or "POST"
  std::string path;    // "/detect"
  // Called by several threads at once.
  std::function<HttpResponse(const HttpRequest&)> handle;
  bool takes_body = false;
  // Whoever has no token may use it, too.
  bool is_public = false;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_HTTP_TYPES_H_
