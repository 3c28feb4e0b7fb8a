#include "fcis/data/http/http_types.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/io/utf8.h"
#include "fcis/data/json/json_writer.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::data {

HttpResponse ErrorResponse(int status, absl::string_view message) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  data::PutObject(json, [&] {
    data::PutObject("error", json, [&] {
      data::PutMember("code", status, json);
      data::PutMember("message", ValidUtf8(message), json);
    });
  });
  HttpResponse response;
  response.status = status;
  response.body = absl::StrCat(
      absl::string_view(buffer.GetString(), buffer.GetSize()), "\n");
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
