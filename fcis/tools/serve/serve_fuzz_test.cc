// What clients send to `serve`, byte by byte: the line, headers, chunks, forms
// and queries, over a connection as a client makes it, with a stand-in for the
// network. Of the first byte the lowest bit chooses a server with a token.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/data/http/http_server.h"
#include "fcis/data/http/test_client.h"
#include "fcis/data/http/work_queue.h"
#include "fcis/tools/serve/metrics.h"
#include "fcis/tools/serve/service.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

constexpr size_t kMaxBody = 1 << 14;

// Of a model that finds two objects wherever it looks.
std::vector<model::Detection> Found() {
  std::vector<model::Detection> found(2);
  for (int i = 0; i < 2; ++i) {
    found[i].label = i + 1;
    found[i].score = 0.9f;
    found[i].box = Box{2, 3, 12, 9};
    found[i].mask =
        Tensor::FromSpan<float>({21, 21}, std::vector<float>(21 * 21, 1.0f));
  }
  return found;
}

class FuzzedService {
 public:
  explicit FuzzedService(bool has_token) : queue_(1, 1) {
    config_.set_name("two");
    config_.add_classes()->set_name("cat");
    config_.add_classes()->set_name("dog");
    data::HttpOptions http;
    http.max_connections = 1;
    http.max_body_bytes = kMaxBody;
    http.max_all_bodies_bytes = kMaxBody - 1024;
    http.max_uploads = 3;
    http.access.host_names = {"a.b"};
    if (has_token) http.access.token = "0123456789abcdef";
    ServiceOptions options;
    options.max_pixels = 1 << 12;
    options.max_body_bytes = http.max_body_bytes;
    options.max_uploads = http.max_uploads;
    options.needs_token = has_token;
    const DetectWith detect = [](const Image&, const PostprocessConfig&) {
      return Found();
    };
    server_ =
        data::HttpServer::Create(
            http, MakeRoutes(options, config_, detect, &queue_, &metrics_),
            [this](const data::Served& served) { Count(served); })
            .value();
    server_->Start();
  }

  int port() const { return server_->port(); }

 private:
  void Count(const data::Served& served) {
    metrics_.CountRequest(served);
    for (const char c : LogLine(absl::UnixEpoch(), served)) {
      ABSL_RAW_CHECK(c >= ' ' && c <= '~', "a log line can be printed");
    }
  }

  ModelConfig config_;
  data::WorkQueue queue_;
  Metrics metrics_;
  std::unique_ptr<data::HttpServer> server_;
};

// All that the server answers until it closes the connection.
std::vector<std::string> Answers(int port, absl::string_view bytes) {
  data::TestClient client(port);
  ABSL_RAW_CHECK(client.connected(), "connected");
  client.Send(bytes);
  client.EndSending();
  std::vector<std::string> answers;
  while (true) {
    std::string answer = client.Response();
    if (answer.empty()) return answers;
    answers.push_back(std::move(answer));
  }
}

// One that went wrong here, rather than at the client's, would be a 500.
void Check(const std::string& answer) {
  // Behind an answer to HEAD, which has no body, the client is out of step.
  if (!absl::StartsWith(answer, "HTTP/1.1 ")) return;
  const int status = data::StatusOf(answer);
  ABSL_RAW_CHECK(status >= 100 && status < 600 && status != 500,
                 answer.c_str());
  if (!absl::StrContains(answer, "Content-Type: application/json")) return;
  if (absl::StrContains(answer, "Content-Encoding: ")) return;  // asked for
  const std::string body = answer.substr(answer.find("\r\n\r\n") + 4);
  rapidjson::Document json;
  ABSL_RAW_CHECK(
      body.empty() || absl::StartsWith(body, "HTTP/1.1 ") ||
          !json.Parse<rapidjson::kParseValidateEncodingFlag>(body.c_str())
               .HasParseError(),
      answer.c_str());
}

}  // namespace
}  // namespace fcis::tools

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using fcis::tools::FuzzedService;
  static const FuzzedService open(false), with_token(true);
  if (size == 0) return 0;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string& answer : fcis::tools::Answers(
           (data[0] & 1 ? with_token : open).port(), bytes.substr(1))) {
    fcis::tools::Check(answer);
  }
  return 0;
}
