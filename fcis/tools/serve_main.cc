// A web page and an HTTP API for the detector.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/cli/shared_flags.h"
#include "fcis/core/cli/stop_signal.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/data/codec/max_pixels_flag.h"
#include "fcis/data/http/access.h"
#include "fcis/data/http/connection_pool.h"
#include "fcis/data/http/http_server.h"
#include "fcis/data/http/work_queue.h"
#include "fcis/eval/predict/model_source.h"
#include "fcis/model/cli/backend_flags.h"
#include "fcis/model/cli/model_flags.h"
#include "fcis/model/detector.h"
#include "fcis/tools/engine.h"
#include "fcis/tools/serve/metrics.h"
#include "fcis/tools/serve/service.h"

ABSL_FLAG(std::string, host, "127.0.0.1",
          "Address to listen at. 0.0.0.0 or :: is all of this machine, which "
          "others can reach; think of --token_file then.");
ABSL_FLAG(int, port, 8080, "Port to listen at; 0 is any that is free.");
ABSL_FLAG(std::string, token_file, "",
          "File with a token, on one line, that clients must know "
          "(Authorization: Bearer). The page asks for it.");
ABSL_FLAG(std::string, allow_hosts, "",
          "Names, separated by commas, by which clients may call this server, "
          "beside addresses and localhost.");
ABSL_FLAG(int, queue, 16,
          "Requests that may wait for the network; more are told to come "
          "again.");
ABSL_FLAG(int, max_body_mb, 32,
          "Megabytes that one request may have. All together may have eight "
          "times as many.");
ABSL_FLAG(int, max_connections, 64,
          "Clients connected at once. When all are, the one that has let the "
          "server wait longest has to go.");
ABSL_FLAG(int, request_seconds, 60,
          "For a request to arrive and to wait for its turn; for its answer "
          "to be taken.");

namespace fcis::tools {
namespace {

constexpr int64_t kMegabyte = 1 << 20;
constexpr int kBodiesAtOnce = 8;
constexpr absl::Duration kPollInterval = absl::Milliseconds(50);

Program MakeProgram() {
  Program program;
  program.name = "serve";
  program.arguments = "[flags]";
  program.summary =
      "Serves a web page that finds the objects in pictures, and an HTTP API "
      "for programs: POST a JPEG or PNG to /detect and get JSON with boxes, "
      "classes, scores and masks. /openapi.json describes all of it. Answers "
      "this machine alone, unless --host says otherwise. Ends on SIGTERM or "
      "Ctrl-C once all that was asked is answered.";
  std::vector<std::string> model = eval::ModelSourceFlagNames();
  program.groups = {
      {"Server",
       {"host", "port", "token_file", "allow_hosts", "queue", "max_body_mb",
        "max_connections", "request_seconds", "max_pixels"}},
      {"Model", model},
      {"Computing", model::BackendFlagNames()},
      {"Thresholds and sizes, where a request names none",
       model::ModelFlagNames()}};
  program.short_flags = {{'m', "modelpath"}};
  // Fewer than PIL's: each picture that is worked on takes 10 bytes a pixel.
  program.defaults = {{"max_pixels", "50000000"}};
  program.version_details = model::DeviceDetails;
  program.examples = {
      "serve", "serve -m fcis_coco.npz --port 0",
      "serve --host 0.0.0.0 --token_file token --allow_hosts pictures.lan",
      "curl --data-binary @cat.jpg http://127.0.0.1:8080/detect"};
  return program;
}

absl::Status CheckFlags() {
  RETURN_IF_ERROR(model::CheckModelFlags());
  RETURN_IF_ERROR(model::CheckBackendFlags());
  RETURN_IF_ERROR(data::MaxPixelsFromFlag().status());
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_max_body_mb, 1));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_max_connections, 1));
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_request_seconds, 1));
  RETURN_IF_ERROR(CheckRange(FLAGS_port, 0, 65535));
  return CheckAtLeast(FLAGS_queue, 0);
}

absl::StatusOr<data::HttpOptions> HttpOptionsFromFlags() {
  data::HttpOptions options;
  options.host = absl::GetFlag(FLAGS_host);
  options.port = absl::GetFlag(FLAGS_port);
  options.max_connections = absl::GetFlag(FLAGS_max_connections);
  options.max_body_bytes = absl::GetFlag(FLAGS_max_body_mb) * kMegabyte;
  options.max_all_bodies_bytes = kBodiesAtOnce * options.max_body_bytes;
  options.request_time = options.response_time =
      absl::Seconds(absl::GetFlag(FLAGS_request_seconds));
  options.head_time = std::min(options.head_time, options.request_time);
  for (absl::string_view name : absl::StrSplit(absl::GetFlag(FLAGS_allow_hosts),
                                               ',', absl::SkipWhitespace())) {
    name = absl::StripAsciiWhitespace(name);
    if (!absl::c_all_of(name, [](unsigned char c) {
          return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
        })) {
      return UsageError(absl::StrCat(
          "--allow_hosts: '", name,
          "' is no name, expected it without scheme, port and path"));
    }
    options.access.host_names.push_back(absl::AsciiStrToLower(name));
  }
  const std::string token_file = absl::GetFlag(FLAGS_token_file);
  if (!token_file.empty()) {
    ASSIGN_OR_RETURN(options.access.token,
                     data::ReadToken(ResolvePath(token_file)));
  }
  return options;
}

// What a request took goes back to the system once it is answered. malloc would
// let each connection's thread keep the most that it ever had, in an arena of
// its own, and would keep ever larger blocks.
void LetGoOfFreedMemory() {
  constexpr int kMmapThreshold = 256 << 10;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  mallopt(M_TRIM_THRESHOLD, kMmapThreshold);
}

// Before a model is fetched and opened.
absl::Status CheckCanListen(const data::HttpOptions& options) {
  ASSIGN_OR_RETURN(const data::Listener listener,
                   data::ListenOn(options.host, options.port));
  close(listener.fd);
  return absl::OkStatus();
}

void SayWhatIsServed(const model::Detector& detector) {
  absl::PrintF("classes: %s\n",
               absl::StrJoin(detector.config().classes(), ", ",
                             [](std::string* out, const ClassConfig& one) {
                               absl::StrAppend(out, one.name());
                             }));
  absl::PrintF("pictures at once: %d\n", detector.PicturesAtOnce());
}

void AddReadings(const data::WorkQueue& queue, const data::HttpServer& server,
                 Metrics* metrics) {
  metrics->AddReading("fcis_queue_length", "gauge",
                      "Requests that wait for the network.",
                      [&] { return static_cast<int64_t>(queue.waiting()); });
  metrics->AddReading("fcis_queue_room", "gauge", "Requests that may wait.",
                      [&] { return static_cast<int64_t>(queue.room()); });
  metrics->AddReading("fcis_connections", "gauge",
                      "Clients that are connected.",
                      [&] { return server.connections(); });
  metrics->AddReading("fcis_turned_away_total", "counter",
                      "Clients that had to go for others, or found no room.",
                      [&] { return server.turned_away(); });
}

absl::Status Serve(const data::HttpOptions& http,
                   const model::Detector& detector) {
  ServiceOptions options;
  ASSIGN_OR_RETURN(options.max_pixels, data::MaxPixelsFromFlag());
  options.max_body_bytes = http.max_body_bytes;
  options.max_uploads = http.max_uploads;
  options.needs_token = !http.access.token.empty();
  Metrics metrics;
  data::WorkQueue queue(detector.PicturesAtOnce(),
                        static_cast<size_t>(absl::GetFlag(FLAGS_queue)));
  const DetectWith detect = [&](const Image& image,
                                const PostprocessConfig& postprocess) {
    return detector.Detect(image, postprocess);
  };
  std::mutex log_mutex;
  const auto log = [&](const data::Served& served) {
    metrics.CountRequest(served);
    const std::lock_guard<std::mutex> lock(log_mutex);
    absl::FPrintF(stderr, "%s\n", LogLine(absl::Now(), served));
  };
  const absl::StatusOr<std::unique_ptr<data::HttpServer>> created =
      data::HttpServer::Create(
          http,
          MakeRoutes(options, detector.config(), detect, &queue, &metrics),
          log);
  RETURN_IF_ERROR(created.status());
  data::HttpServer* const server = created->get();
  AddReadings(queue, *server, &metrics);
  InstallStopSignals(nullptr);
  server->Start();
  if (http.access.token.empty() && http.host != "127.0.0.1" &&
      http.host != "::1" && http.host != "localhost") {
    absl::PrintF("without --token_file whoever reaches this port may use it\n");
  }
  absl::PrintF("open %s\n", server->Url());
  std::fflush(stdout);
  while (!StopRequested()) absl::SleepFor(kPollInterval);
  absl::PrintF("stopping: what was asked is answered\n");
  std::fflush(stdout);
  server->Drain();
  return absl::OkStatus();
}

absl::Status Run() {
  LetGoOfFreedMemory();
  RETURN_IF_ERROR(CheckFlags());
  ASSIGN_OR_RETURN(const data::HttpOptions http, HttpOptionsFromFlags());
  RETURN_IF_ERROR(CheckCanListen(http));
  ASSIGN_OR_RETURN(const Engine engine, EngineFromFlags());
  SayWhatIsServed(*engine.detector);
  return Serve(http, *engine.detector);
}

}  // namespace
}  // namespace fcis::tools

int main(int argc, char** argv) {
  return fcis::Main(argc, argv, fcis::tools::MakeProgram(), fcis::tools::Run);
}
