// COCOeval over files: equal to pycocotools 2.0.11 bit for bit.
#ifndef FCIS_EVAL_COCO_EVALUATE_H_
#define FCIS_EVAL_COCO_EVALUATE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/eval/coco/accumulate.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/options.h"
#include "fcis/eval/coco/summary.h"

namespace fcis::eval {

struct Evaluation {
  EvalOptions options;
  // Behind a pointer, for `truth` refers to it.
  std::unique_ptr<const data::CocoDataset> dataset;
  GroundTruth truth;
  Detections detections;
  EvalCurves curves;
  EvalSummary summary;
  struct Seconds {
    double annotations = 0, truth = 0, detections = 0, accumulate = 0;
  } seconds;
  std::string results_path;
  // With options.explain, what traces point into; else null.
  std::shared_ptr<const MappedFile> results;
};

// Reads both files and evaluates, on NumThreads() threads; the result does not
// depend on them. Errors name the file and the record at fault. `options`:
// thresholds, max_dets and area_ranges must not be empty.
absl::StatusOr<Evaluation> Evaluate(const std::string& annotations,
                                    const std::string& results,
                                    EvalOptions options);

// The same of annotations that were read with EvalNeeds: a file that is
// replaced meanwhile changes nothing.
absl::StatusOr<Evaluation> Evaluate(data::CocoDataset annotations,
                                    const std::string& results,
                                    EvalOptions options);

// Scores other results against the truth that `evaluation` has: replaces all
// that came of the last ones, unless there is an error.
absl::Status ScoreResults(const std::string& results, Evaluation* evaluation);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_EVALUATE_H_
