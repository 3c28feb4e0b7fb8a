#include "fcis/data/http/http_types.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/io/utf8.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::data {

HttpResponse ErrorResponse(int status, absl::string_view message) {
  HttpResponse response;
  response.status = status;
  response.body = JsonOf([&](auto& json) {
    PutObject(json, [&] {
      PutObject("error", json, [&] {
        PutMember("code", status, json);
        PutMember("message", ValidUtf8(message), json);
      });
    });
  });
  response.body += "\n";
  return response;
}

std::string ResponseBytes(const HttpResponse& response) {
  std::string bytes = absl::StrCat(
      "HTTP/1.1 ", response.status,
      " Error\r\nConnection: close\r\nContent-Type: ", response.type,
      "\r\nContent-Length: ", response.body.size(), "\r\n");
  for (const auto& [name, value] : response.headers) {
    absl::StrAppend(&bytes, name, ": ", value, "\r\n");
  }
  return absl::StrCat(bytes, "\r\n", response.body);
}

}  // namespace fcis::data
