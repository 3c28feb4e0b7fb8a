#include "fcis/tools/serve/service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/core/cli/main.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/json/json_writer.h"
#include "fcis/eval/predict/picture_job.h"
#include "fcis/tools/serve/detect_answer.h"
#include "fcis/tools/serve/detect_query.h"
#include "fcis/tools/serve/page_texts.h"

namespace fcis::tools {
namespace {

// Nothing of the page comes from elsewhere, and nothing leaves it but pictures
// to this server.
constexpr char kPagePolicy[] =
    "default-src 'none'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// Pixels of the masks that a picture is drawn with, in pictures of the largest
// size.
constexpr double kMasksAtOnce = 4;

data::HttpResponse Text(std::string type, std::string body) {
  data::HttpResponse response;
  response.type = std::move(type);
  response.body = std::move(body);
  return response;
}

data::HttpResponse Busy(absl::string_view message) {
  data::HttpResponse response = data::ErrorResponse(503, message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

// "cat.jpg: ", where it has a name.
std::string Where(const data::Upload& upload) {
  return upload.name.empty() ? "" : absl::StrCat(upload.name, ": ");
}

class Service {
 public:
  Service(const ServiceOptions& options, const ModelConfig& config,
          DetectWith detect, data::WorkQueue* queue, Metrics* metrics)
      : options_(options),
        config_(config),
        detect_(std::move(detect)),
        queue_(queue),
        metrics_(metrics) {}

  data::HttpResponse Detect(const data::HttpRequest& request) const {
    const absl::StatusOr<DetectQuery> query =
        ParseDetectQuery(request.query, config_);
    if (!query.ok()) return data::ErrorResponse(400, query.status().message());
    if (request.uploads.empty()) {
      return data::ErrorResponse(400, "the form has no file");
    }
    if (query->draw && request.uploads.size() > 1) {
      return data::ErrorResponse(400,
                                 absl::StrCat("format is 'png', expected one "
                                              "picture, not ",
                                              request.uploads.size()));
    }
    for (const data::Upload& upload : request.uploads) {
      if (auto complaint = CheckPicture(upload)) return *complaint;
    }
    data::HttpResponse response;
    const absl::Status done = queue_->Run(
        request.deadline, [&] { response = DetectAll(request, *query); },
        request.client_left);
    if (done.ok()) return response;
    if (absl::IsInternal(done)) {
      return data::ErrorResponse(500, "the picture could not be worked on");
    }
    return Busy(absl::IsResourceExhausted(done)
                    ? "too many requests are waiting"
                    : "the request had to wait for too long");
  }

  data::HttpResponse Model() const {
    const auto put = [&](auto& json) {
      data::PutObject(json, [&] {
        data::PutMember("name", config_.name(), json);
        data::PutMember("version", kVersion, json);
        data::PutArray(
            "classes", config_.classes(), json, [&](const ClassConfig& one) {
              data::PutObject(json, [&] {
                data::PutMember("name", one.name(), json);
                data::PutMember("category_id", one.category_id(), json);
              });
            });
        data::PutMember("score_thresh", config_.postprocess().score_thresh(),
                        json);
        data::PutMember("max_body_bytes", options_.max_body_bytes, json);
        data::PutMember("max_pixels", options_.max_pixels, json);
        data::PutMember("max_files", options_.max_uploads, json);
        data::PutMember("needs_token", options_.needs_token, json);
      });
    };
    return Text("application/json", data::JsonOf(put));
  }

  data::HttpResponse Metrics() const {
    return Text("text/plain; version=0.0.4; charset=utf-8", metrics_->Text());
  }

 private:
  // What its first bytes tell of an upload, before it has to wait.
  std::optional<data::HttpResponse> CheckPicture(
      const data::Upload& upload) const {
    const absl::string_view bytes = upload.bytes;
    if (!data::IsJpeg(bytes) && !data::IsPng(bytes)) {
      const absl::Status none = data::DecodeImage(bytes).status();
      return data::ErrorResponse(bytes.empty() ? 400 : 415,
                                 absl::StrCat(Where(upload), none.message()));
    }
    const absl::StatusOr<data::ImageSize> size =
        data::IsJpeg(bytes) ? data::JpegSize(bytes, options_.max_pixels)
                            : data::PngSize(bytes, options_.max_pixels);
    if (size.ok()) return std::nullopt;
    return data::ErrorResponse(
        422, absl::StrCat(Where(upload), size.status().message()));
  }

  data::HttpResponse DetectAll(const data::HttpRequest& request,
                               const DetectQuery& query) const {
    std::vector<PictureAnswer> answers;
    std::string png;
    for (const data::Upload& upload : request.uploads) {
      if (!answers.empty() && SteadyNow() > request.deadline) {
        return Busy(absl::StrCat("time was up after ", answers.size(), " of ",
                                 request.uploads.size(), " pictures"));
      }
      const absl::Status status = DetectOne(upload, query, &answers, &png);
      if (!status.ok()) {
        const bool ours =
            absl::IsResourceExhausted(status) || absl::IsInternal(status);
        return data::ErrorResponse(
            ours ? 500 : 422, absl::StrCat(Where(upload), status.message()));
      }
    }
    if (query.draw) return Text("image/png", std::move(png));
    return Text("application/json", AnswerJson(config_, answers, query.masks));
  }

  // Adds to `answers` or, where the picture is wanted, sets `png`.
  absl::Status DetectOne(const data::Upload& upload, const DetectQuery& query,
                         std::vector<PictureAnswer>* answers,
                         std::string* png) const {
    const absl::Time start = SteadyNow();
    eval::PictureJob job;
    ASSIGN_OR_RETURN(job.image,
                     data::DecodeImage(upload.bytes, {options_.max_pixels}));
    ASSIGN_OR_RETURN(job.detections, detect_(job.image, query.postprocess));
    job.detections.erase(
        std::remove_if(job.detections.begin(), job.detections.end(),
                       [&](const model::Detection& found) {
                         return query.labels.count(found.label) == 0;
                       }),
        job.detections.end());
    metrics_->CountPicture(static_cast<int64_t>(job.detections.size()),
                           SteadyNow() - start);
    if (query.draw) return Draw(std::move(job), query, png);
    answers->push_back(AnswerOf(job, query));
    answers->back().name = upload.name;
    answers->back().seconds = absl::ToDoubleSeconds(SteadyNow() - start);
    return absl::OkStatus();
  }

  static PictureAnswer AnswerOf(const eval::PictureJob& job,
                                const DetectQuery& query) {
    const int height = job.image.height, width = job.image.width;
    const float threshold = PasteThreshold(query.postprocess);
    PictureAnswer answer;
    answer.height = height;
    answer.width = width;
    for (const model::Detection& found : job.detections) {
      const PastedMask mask =
          PasteMask(found.mask, found.box, threshold, height, width);
      answer.instances.push_back({found.label, found.score, found.box,
                                  PastedMaskToRle(mask, height, width)});
    }
    return answer;
  }

  absl::Status Draw(eval::PictureJob job, const DetectQuery& query,
                    std::string* png) const {
    double pixels = 0;
    for (const model::Detection& found : job.detections) {
      pixels += double{found.box.width()} * found.box.height();
    }
    const double most = kMasksAtOnce * static_cast<double>(options_.max_pixels);
    if (pixels > most) {
      return absl::InvalidArgumentError(
          absl::StrCat(job.detections.size(),
                       " instances are too many to draw at once; "
                       "expected a higher score_thresh"));
    }
    const std::vector<eval::Instance> instances =
        eval::PasteInstances(job, PasteThreshold(query.postprocess),
                             [](const model::Detection&) { return true; });
    ASSIGN_OR_RETURN(*png, AnswerPng(config_, instances, std::move(job.image)));
    return absl::OkStatus();
  }

  const ServiceOptions options_;
  const ModelConfig& config_;
  const DetectWith detect_;
  data::WorkQueue* const queue_;
  tools::Metrics* const metrics_;
};

data::HttpResponse Page() {
  data::HttpResponse page =
      Text("text/html; charset=utf-8",
           std::string(absl::StripLeadingAsciiWhitespace(kServePageHtml)));
  page.headers.emplace_back("Content-Security-Policy", kPagePolicy);
  page.headers.emplace_back("Referrer-Policy", "no-referrer");
  page.headers.emplace_back("Permissions-Policy", "camera=(self)");
  return page;
}

}  // namespace

std::vector<data::Route> MakeRoutes(const ServiceOptions& options,
                                    const ModelConfig& config,
                                    const DetectWith& detect,
                                    data::WorkQueue* queue, Metrics* metrics) {
  const auto service =
      std::make_shared<Service>(options, config, detect, queue, metrics);
  std::vector<data::Route> routes(6);
  routes[0] = {"POST", "/detect",
               [=](const data::HttpRequest& r) { return service->Detect(r); }};
  routes[0].takes_body = true;
  routes[1] = {"GET", "/metrics",
               [=](const data::HttpRequest&) { return service->Metrics(); }};
  routes[2] = {"GET", "/", [](const data::HttpRequest&) { return Page(); }};
  routes[3] = {"GET", "/model",
               [=](const data::HttpRequest&) { return service->Model(); }};
  routes[4] = {"GET", "/healthz", [](const data::HttpRequest&) {
                 return Text("application/json", "{\"status\": \"ok\"}\n");
               }};
  routes[5] = {
      "GET", "/openapi.json", [](const data::HttpRequest&) {
        return Text(
            "application/json",
            absl::StrReplaceAll(absl::StripLeadingAsciiWhitespace(kOpenapiJson),
                                {{"$VERSION", kVersion}}));
      }};
  for (size_t i = 2; i < routes.size(); ++i) routes[i].is_public = true;
  return routes;
}

std::string LogLine(absl::Time time, const data::Served& served) {
  return absl::StrFormat(
      "%s %s %s %s %d, %d bytes in, %d out, %d ms",
      absl::FormatTime("%Y-%m-%d %H:%M:%E3S", time, absl::LocalTimeZone()),
      served.peer, served.method.empty() ? "-" : served.method,
      served.path.empty() ? "-" : served.path, served.status, served.bytes_in,
      served.bytes_out, absl::ToInt64Milliseconds(served.time));
}

}  // namespace fcis::tools
