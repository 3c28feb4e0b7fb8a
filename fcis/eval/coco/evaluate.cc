#include "fcis/eval/coco/evaluate.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/json/open_json.h"

namespace fcis {
namespace {

class StopWatch {
 public:
  // Seconds since the last lap.
  double Lap() {
    const absl::Time now = absl::Now();
    const double seconds = absl::ToDoubleSeconds(now - last_);
    last_ = now;
    return seconds;
  }

 private:
  absl::Time last_ = absl::Now();
};

}  // namespace

absl::StatusOr<Evaluation> Evaluate(const std::string& annotations,
                                    const std::string& results,
                                    EvalOptions options) {
  StopWatch watch;
  ASSIGN_OR_RETURN(CocoDataset read,
                   ReadCocoDataset(annotations, EvalNeeds(options.iou_type)));
  const double seconds = watch.Lap();
  ASSIGN_OR_RETURN(Evaluation evaluation,
                   Evaluate(std::move(read), results, std::move(options)));
  evaluation.seconds.annotations = seconds;
  return evaluation;
}

absl::StatusOr<Evaluation> Evaluate(CocoDataset annotations,
                                    const std::string& results,
                                    EvalOptions options) {
  absl::c_sort(options.max_dets);
  StopWatch watch;
  Evaluation::Seconds seconds;
  auto dataset = std::make_unique<const CocoDataset>(std::move(annotations));
  ASSIGN_OR_RETURN(GroundTruth truth, GroundTruth::Build(*dataset, options));
  seconds.truth = watch.Lap();
  ASSIGN_OR_RETURN(auto file, OpenJson(results));
  ASSIGN_OR_RETURN(
      Detections detections,
      ReadDetections(file->bytes(), results, truth, options, NumThreads()));
  file.reset();  // large, and done with
  seconds.detections = watch.Lap();
  EvalCurves curves = Accumulate(truth, detections, options);
  EvalSummary summary = Summarize(curves, options);
  seconds.accumulate = watch.Lap();
  return Evaluation{std::move(options),
                    std::move(dataset),
                    std::move(truth),
                    std::move(detections),
                    std::move(curves),
                    std::move(summary),
                    seconds};
}

}  // namespace fcis
