// The detector as a web service: its routes, and the page.
#ifndef FCIS_TOOLS_SERVE_SERVICE_H_
#define FCIS_TOOLS_SERVE_SERVICE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/image/image.h"
#include "fcis/data/http/http_server.h"
#include "fcis/data/http/http_types.h"
#include "fcis/data/http/work_queue.h"
#include "fcis/model/detection.h"
#include "fcis/tools/serve/metrics.h"

namespace fcis::tools {

// Detector::Detect. As many threads as the queue has workers call it at once.
using DetectWith = std::function<absl::StatusOr<std::vector<model::Detection>>(
    const Image& image, const PostprocessConfig& options)>;

struct ServiceOptions {
  // A picture of more pixels is refused.
  int64_t max_pixels = 0;
  // What the page says of the server's limits and of the token.
  size_t max_body_bytes = 0, max_uploads = 0;
  bool needs_token = false;
};

// Routes: POST /detect; GET / (the page), /model, /healthz, /metrics,
// /openapi.json, which describes them. All but /detect and /metrics are public.
// All that is handed over must outlive the routes.
std::vector<data::Route> MakeRoutes(const ServiceOptions& options,
                                    const ModelConfig& config,
                                    const DetectWith& detect,
                                    data::WorkQueue* queue, Metrics* metrics);

// "2026-01-02 03:04:05.678 127.0.0.1 POST /detect 200, 1234 bytes in, 5678 out,
// 90 ms"
std::string LogLine(absl::Time time, const data::Served& served);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SERVE_SERVICE_H_
