#include "fcis/train/main/validator.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/bad_annotation_flags.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/predict/predict.h"
#include "fcis/model/detector.h"

namespace fcis {
namespace {

// As the reference evaluates: nearly everything counts.
constexpr double kScoreThreshold = 1e-3;

absl::StatusOr<double> Validate(const std::string& ann_file,
                                const std::string& image_dir, Backend* backend,
                                Communicator* job, Weights weights,
                                int64_t iteration, const std::string& run) {
  weights.config.mutable_postprocess()->set_score_thresh(kScoreThreshold);
  ASSIGN_OR_RETURN(const auto detector, Detector::Create(weights, backend));
  ASSIGN_OR_RETURN(const CocoDataset dataset, ReadCocoDataset(ann_file));
  const PostprocessConfig& postprocess = detector->config().postprocess();
  PredictOptions options;
  options.image_dir = image_dir;
  options.weights = &weights;
  options.computed_by =
      absl::StrCat(backend->name(), ", ", backend->precision());
  options.paste_threshold = PasteThreshold(postprocess);
  ASSIGN_OR_RETURN(
      options.directory,
      MakeOutputDirectory(absl::StrCat(run, "/validation_", iteration), "",
                          absl::Now()));
  std::vector<std::string> names;
  for (const ClassConfig& klass : weights.config.classes()) {
    names.push_back(klass.name());
  }
  ASSIGN_OR_RETURN(const ClassMatch classes, MatchClasses(names, dataset));
  RETURN_IF_ERROR(Predict(
      dataset, classes, options,
      [&](const Image& image) { return detector->Detect(image, postprocess); },
      *job));
  double ap[] = {0};
  absl::Status scored;
  if (job->rank() == 0) {
    EvalOptions evaluated;
    ASSIGN_OR_RETURN(evaluated.bad_annotations, BadAnnotationPolicyFromFlags());
    const auto evaluation = Evaluate(ann_file, ResultsPath(options), evaluated);
    scored = evaluation.status();
    if (scored.ok()) ap[0] = evaluation->summary.stats[0];
  }
  RETURN_IF_ERROR(scored);
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(ap)));
  return ap[0];
}

}  // namespace

Validator MakeValidator(const std::string& ann_file,
                        const std::string& image_dir, Backend* backend,
                        Communicator* job) {
  return [=](const Weights& weights, int64_t iteration,
             const std::string& run) {
    return Validate(ann_file, image_dir, backend, job, weights, iteration, run);
  };
}

}  // namespace fcis
