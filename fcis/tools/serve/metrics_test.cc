#include "fcis/tools/serve/metrics.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

data::Served Answered(const std::string& route, int status,
                      absl::Duration time) {
  data::Served served;
  served.route = route;
  served.status = status;
  served.bytes_in = 10;
  served.bytes_out = 100;
  served.time = time;
  return served;
}

TEST(MetricsTest, CountsByRouteAndCode) {
  Metrics metrics;
  metrics.CountRequest(Answered("/detect", 200, absl::Milliseconds(20)));
  metrics.CountRequest(Answered("/detect", 200, absl::Seconds(2)));
  metrics.CountRequest(Answered("/detect", 503, absl::Milliseconds(1)));
  metrics.CountRequest(Answered("", 404, absl::Milliseconds(1)));
  metrics.CountPicture(3, absl::Milliseconds(300));
  metrics.CountPicture(0, absl::Seconds(99));
  EXPECT_THAT(
      metrics.Text(),
      AllOf(HasSubstr("# TYPE fcis_requests_total counter\n"
                      "fcis_requests_total{route=\"/detect\",code=\"200\"} 2\n"
                      "fcis_requests_total{route=\"/detect\",code=\"503\"} 1\n"
                      "fcis_requests_total{route=\"other\",code=\"404\"} 1\n"),
            HasSubstr("fcis_pictures_total 2\n"),
            HasSubstr("fcis_instances_total 3\n"),
            HasSubstr("fcis_received_bytes_total 40\n"),
            HasSubstr("fcis_sent_bytes_total 400\n"),
            HasSubstr("fcis_detect_seconds_bucket{le=\"0.25\"} 0\n"
                      "fcis_detect_seconds_bucket{le=\"0.5\"} 1\n"),
            HasSubstr("fcis_detect_seconds_bucket{le=\"30\"} 1\n"
                      "fcis_detect_seconds_bucket{le=\"+Inf\"} 2\n"
                      "fcis_detect_seconds_sum 99.3\n"
                      "fcis_detect_seconds_count 2\n"),
            HasSubstr("fcis_request_seconds_count{route=\"/detect\"} 3\n")));
}

TEST(MetricsTest, ReadingsAreReadWhenAsked) {
  Metrics metrics;
  int64_t value = 1;
  metrics.AddReading("fcis_queue_length", "gauge", "Waiting.",
                     [&] { return value; });
  EXPECT_THAT(metrics.Text(), HasSubstr("# HELP fcis_queue_length Waiting.\n"
                                        "# TYPE fcis_queue_length gauge\n"
                                        "fcis_queue_length 1\n"));
  value = 25;
  EXPECT_THAT(metrics.Text(), HasSubstr("fcis_queue_length 25\n"));
}

// A bound belongs to its bucket.
TEST(HistogramTest, Bounds) {
  Histogram histogram;
  histogram.Add(absl::Milliseconds(250));
  const std::string lines = histogram.Lines("x", "a=\"b\"");
  EXPECT_THAT(lines, AllOf(HasSubstr("x_bucket{a=\"b\",le=\"0.1\"} 0\n"),
                           HasSubstr("x_bucket{a=\"b\",le=\"0.25\"} 1\n"),
                           HasSubstr("x_sum{a=\"b\"} 0.25\n")));
}

}  // namespace
}  // namespace fcis::tools
