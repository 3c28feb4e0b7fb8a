#include "fcis/tools/serve/metrics.h"

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fcis::tools {
namespace {

std::string Head(absl::string_view name, absl::string_view type,
                 absl::string_view help) {
  return absl::StrCat("# HELP ", name, " ", help, "\n# TYPE ", name, " ", type,
                      "\n");
}

std::string Counter(absl::string_view name, absl::string_view help,
                    int64_t value) {
  return absl::StrCat(Head(name, "counter", help), name, " ", value, "\n");
}

}  // namespace

void Histogram::Add(absl::Duration time) {
  const double seconds = absl::ToDoubleSeconds(time);
  ++counts_[absl::c_lower_bound(kBounds, seconds) - kBounds.begin()];
  sum_ += seconds;
}

std::string Histogram::Lines(const std::string& name,
                             const std::string& labels) const {
  const std::string comma = labels.empty() ? "" : ",";
  const std::string braces =
      labels.empty() ? "" : absl::StrCat("{", labels, "}");
  std::string lines;
  int64_t total = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    total += counts_[i];
    const std::string bound =
        i < kBounds.size() ? absl::StrCat(kBounds[i]) : "+Inf";
    absl::StrAppend(&lines, name, "_bucket{", labels, comma, "le=\"", bound,
                    "\"} ", total, "\n");
  }
  absl::StrAppend(&lines, name, "_sum", braces, " ", sum_, "\n", name, "_count",
                  braces, " ", total, "\n");
  return lines;
}

void Metrics::CountRequest(const data::Served& served) {
  const std::string route = served.route.empty() ? "other" : served.route;
  const std::lock_guard<std::mutex> lock(mutex_);
  ++requests_[{route, served.status}];
  times_[route].Add(served.time);
  bytes_in_ += served.bytes_in;
  bytes_out_ += served.bytes_out;
}

void Metrics::CountPicture(int64_t instances, absl::Duration detecting) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++pictures_;
  instances_ += instances;
  detecting_.Add(detecting);
}

void Metrics::AddReading(const std::string& name, const std::string& type,
                         const std::string& help,
                         std::function<int64_t()> value) {
  readings_.push_back({name, type, help, std::move(value)});
}

std::string Metrics::Text() const {
  std::string text;
  for (const Reading& one : readings_) {
    absl::StrAppend(&text, Head(one.name, one.type, one.help), one.name, " ",
                    one.value(), "\n");
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  absl::StrAppend(&text, Head("fcis_requests_total", "counter",
                              "Requests that were answered."));
  for (const auto& [key, count] : requests_) {
    absl::StrAppend(&text, "fcis_requests_total{route=\"", key.first,
                    "\",code=\"", key.second, "\"} ", count, "\n");
  }
  absl::StrAppend(&text,
                  Head("fcis_request_seconds", "histogram",
                       "From the first byte of a request to its answer."));
  for (const auto& [route, times] : times_) {
    text += times.Lines("fcis_request_seconds",
                        absl::StrCat("route=\"", route, "\""));
  }
  absl::StrAppend(
      &text,
      Head("fcis_detect_seconds", "histogram",
           "For finding the instances in a picture, reading it included."),
      detecting_.Lines("fcis_detect_seconds", ""),
      Counter("fcis_pictures_total", "Pictures that were searched.", pictures_),
      Counter("fcis_instances_total", "Instances found in them.", instances_),
      Counter("fcis_received_bytes_total", "Bytes of requests.", bytes_in_),
      Counter("fcis_sent_bytes_total", "Bytes of answers.", bytes_out_));
  return text;
}

}  // namespace fcis::tools
