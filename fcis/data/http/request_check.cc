#include "fcis/data/http/request_check.h"

#include <cstdint>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fcis/data/http/access.h"

namespace fcis::data {
namespace {

std::optional<std::string> Header(const httplib::Request& request,
                                  const char* name) {
  if (!request.has_header(name)) return std::nullopt;
  return request.get_header_value(name);
}

// What a picture may come as. Its bytes say what it is; curl --data-binary
// calls anything a form.
bool IsPictureType(std::string type) {
  type = absl::AsciiStrToLower(type.substr(0, type.find(';')));
  absl::StripAsciiWhitespace(&type);
  return type.empty() || absl::StartsWith(type, "image/") ||
         type == "application/octet-stream" ||
         type == "application/x-www-form-urlencoded";
}

// 400 where it is not clear where the body ends: two readers that disagree
// would see different requests.
std::optional<HttpResponse> CheckFraming(const httplib::Request& request) {
  const std::string length = request.get_header_value("Content-Length");
  const std::string coding = request.get_header_value("Transfer-Encoding");
  const bool has_coding = request.has_header("Transfer-Encoding");
  uint64_t unused;
  if (request.get_header_value_count("Content-Length") > 1 ||
      request.get_header_value_count("Transfer-Encoding") > 1 ||
      (has_coding && request.has_header("Content-Length"))) {
    return ErrorResponse(400, "the body has more than one length");
  }
  if (has_coding && !absl::EqualsIgnoreCase(coding, "chunked")) {
    return ErrorResponse(400, "Transfer-Encoding: expected chunked");
  }
  if (request.has_header("Content-Length") &&
      (!absl::c_all_of(length, absl::ascii_isdigit) ||
       !absl::SimpleAtoi(length, &unused))) {
    return ErrorResponse(400, "Content-Length: expected a number of bytes");
  }
  return std::nullopt;
}

HttpResponse NoRoute(const std::vector<Route>& routes,
                     const httplib::Request& request) {
  std::vector<std::string> methods;
  for (const Route& route : routes) {
    if (route.path == request.path) methods.push_back(route.method);
  }
  if (methods.empty()) {
    return ErrorResponse(404,
                         "there is no such page; /openapi.json says "
                         "what there is");
  }
  const std::string allowed = absl::StrJoin(methods, ", ");
  HttpResponse response = ErrorResponse(
      405,
      absl::StrCat("the method is ", request.method, ", expected ", allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

std::optional<HttpResponse> CheckBody(const HttpOptions& options,
                                      const httplib::Request& request) {
  if (!HasBody(request)) {
    return request.has_header("Content-Length")
               ? ErrorResponse(400, "the body is empty, expected a picture")
               : ErrorResponse(411, "expected a body with Content-Length");
  }
  if (request.has_header("Content-Encoding")) {
    return ErrorResponse(415,
                         "Content-Encoding: expected none; JPEG and PNG "
                         "are compressed themselves");
  }
  const std::string type = request.get_header_value("Content-Type");
  if (!request.is_multipart_form_data() && !IsPictureType(type)) {
    return ErrorResponse(
        415, absl::StrCat("Content-Type is ", type,
                          ", expected image/jpeg, image/png, "
                          "application/octet-stream or multipart/form-data"));
  }
  uint64_t length = 0;
  if (absl::SimpleAtoi(request.get_header_value("Content-Length"), &length) &&
      length > options.max_body_bytes) {
    return TooLarge(options);
  }
  return std::nullopt;
}

}  // namespace

bool HasBody(const httplib::Request& request) {
  return request.has_header("Transfer-Encoding") ||
         request.get_header_value("Content-Length").find_first_not_of('0') !=
             std::string::npos;
}

const Route* FindRoute(const std::vector<Route>& routes,
                       const httplib::Request& request) {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  const auto it = absl::c_find_if(routes, [&](const Route& route) {
    return route.path == request.path && route.method == method;
  });
  return it == routes.end() ? nullptr : &*it;
}

std::optional<HttpResponse> CheckRequest(const HttpOptions& options,
                                         const std::vector<Route>& routes,
                                         const httplib::Request& request) {
  if (auto unclear = CheckFraming(request)) return unclear;
  if (request.get_header_value_count("Host") > 1) {
    return ErrorResponse(400, "the request has more than one Host header");
  }
  const Route* route = FindRoute(routes, request);
  const AccessHeaders headers = {Header(request, "Host"),
                                 Header(request, "Origin"),
                                 Header(request, "Authorization")};
  if (auto refusal = CheckAccess(options.access, headers,
                                 route == nullptr || route->is_public)) {
    return refusal;
  }
  if (route == nullptr) return NoRoute(routes, request);
  if (!route->takes_body) return std::nullopt;
  return CheckBody(options, request);
}

HttpResponse TooLarge(const HttpOptions& options) {
  return ErrorResponse(413, absl::StrCat("the body has more than ",
                                         options.max_body_bytes, " bytes"));
}

}  // namespace fcis::data
