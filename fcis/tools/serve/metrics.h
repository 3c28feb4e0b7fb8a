// What a server has done since it began, in Prometheus' text format.
#ifndef FCIS_TOOLS_SERVE_METRICS_H_
#define FCIS_TOOLS_SERVE_METRICS_H_

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fcis/data/http/http_server.h"

namespace fcis::tools {

// Counts of durations: below each of some bounds, in seconds, and in all.
class Histogram {
 public:
  void Add(absl::Duration time);
  // Lines of Prometheus for a metric of that name; `labels` as in
  // `route="/detect"`, or "".
  std::string Lines(const std::string& name, const std::string& labels) const;

 private:
  static constexpr std::array<double, 12> kBounds = {
      .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30};
  std::array<int64_t, kBounds.size() + 1> counts_ = {};
  double sum_ = 0;
};

// Any thread may call anything.
class Metrics {
 public:
  void CountRequest(const data::Served& served);
  void CountPicture(int64_t instances, absl::Duration detecting);

  // A number that is read when it is asked for; `type` is "gauge" or "counter".
  // Before Text() is called for the first time.
  void AddReading(const std::string& name, const std::string& type,
                  const std::string& help, std::function<int64_t()> value);

  std::string Text() const;

 private:
  struct Reading {
    std::string name, type, help;
    std::function<int64_t()> value;
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, int64_t> requests_;  // by route, code
  std::map<std::string, Histogram> times_;                   // by route
  Histogram detecting_;
  int64_t pictures_ = 0, instances_ = 0, bytes_in_ = 0, bytes_out_ = 0;
  std::vector<Reading> readings_;
};

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SERVE_METRICS_H_
