#include "fcis/train/main/validator.h"

#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/io/file.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/eval/coco/accumulate.h"
#include "fcis/eval/coco/detections.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/summary.h"
#include "fcis/eval/predict/predict.h"
#include "fcis/model/detector.h"
#include "fcis/train/main/faults.h"

namespace fcis {
namespace {

// As the reference evaluates: nearly everything counts.
constexpr double kScoreThreshold = 1e-3;

struct ValidationSet {
  CocoDataset dataset;
  std::string image_dir;
  std::optional<GroundTruth> truth;  // of `dataset`
  ClassMatch classes;
};

absl::Status CheckPictures(const ValidationSet& set) {
  constexpr size_t kNamed = 3;
  std::vector<std::string> named;
  size_t count = 0;
  for (const CocoImage& image : set.dataset.images) {
    const std::string path = absl::StrCat(set.image_dir, "/", image.file_name);
    if (!image.file_name.empty() && access(path.c_str(), R_OK) == 0) continue;
    ++count;
    if (named.size() == kNamed) continue;
    named.push_back(image.file_name.empty()
                        ? absl::StrCat("image ", image.id.ToString(),
                                       " without \"file_name\"")
                        : path);
  }
  if (count == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat(
      count, " of ", set.dataset.images.size(), " pictures of ",
      set.dataset.path, " are missing: ", absl::StrJoin(named, ", "),
      count > kNamed ? ", ..." : ""));
}

absl::StatusOr<ClassMatch> Match(const ModelConfig& model,
                                 const CocoDataset& dataset,
                                 const ClassMap& map) {
  std::vector<std::string> names;
  for (const ClassConfig& c : model.classes()) names.push_back(c.name());
  return MatchClasses(names, dataset, map);
}

absl::StatusOr<double> Score(const ValidationSet& set,
                             const std::string& results) {
  const EvalOptions options;
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(results));
  ASSIGN_OR_RETURN(const Detections detections,
                   ReadDetections(file->bytes(), results, *set.truth, options,
                                  NumThreads()));
  return Summarize(Accumulate(*set.truth, detections, options), options)
      .stats[0];
}

absl::StatusOr<double> Validate(const ValidationSet& set, Backend* backend,
                                Communicator* job, Weights weights,
                                int64_t iteration, const std::string& run) {
  weights.config.mutable_postprocess()->set_score_thresh(kScoreThreshold);
  ASSIGN_OR_RETURN(const auto detector, Detector::Create(weights, backend));
  const PostprocessConfig& postprocess = detector->config().postprocess();
  PredictOptions options;
  options.image_dir = set.image_dir;
  options.weights = &weights;
  options.weights_read_at = absl::Now();
  options.computed_by =
      absl::StrCat(backend->name(), ", ", backend->precision());
  options.paste_threshold = PasteThreshold(postprocess);
  ASSIGN_OR_RETURN(
      options.directory,
      MakeOutputDirectory(absl::StrCat(run, "/validation_", iteration), "",
                          absl::Now()));
  RETURN_IF_ERROR(Predict(
      set.dataset, set.classes, options,
      [&](const Image& image) { return detector->Detect(image, postprocess); },
      *job));
  double ap[] = {0};
  if (job->rank() == 0) {
    ASSIGN_OR_RETURN(ap[0], Score(set, ResultsPath(options)));
  }
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(ap)));
  return ap[0];
}

}  // namespace

absl::StatusOr<OpenedValidator> OpenValidator(const std::string& ann_file,
                                              const std::string& image_dir,
                                              const ModelConfig* model,
                                              const ClassMap& map,
                                              Backend* backend,
                                              Communicator* job) {
  auto set = std::make_shared<ValidationSet>();
  ASSIGN_OR_RETURN(set->dataset, ReadCocoDataset(ann_file));
  set->image_dir = image_dir;
  Faults faults;
  if (set->dataset.images.empty()) {
    faults.Add(
        absl::InvalidArgumentError(absl::StrCat(ann_file, ": no \"images\"")));
  }
  absl::StatusOr<GroundTruth> truth =
      GroundTruth::Build(set->dataset, EvalOptions());
  faults.Add(truth.status());
  OpenedValidator opened;
  if (model != nullptr) {
    absl::StatusOr<ClassMatch> match = Match(*model, set->dataset, map);
    faults.Add(match.status());
    if (match.ok()) {
      set->classes = *std::move(match);
      opened.statement = Describe(set->classes);
    }
  }
  faults.Add(CheckPictures(*set));
  RETURN_IF_ERROR(faults.status("faults"));
  set->truth = *std::move(truth);
  opened.contents = Fnv1a64(set->dataset.file->bytes());
  opened.validate = [=](const Weights& weights, int64_t iteration,
                        const std::string& run) {
    return Validate(*set, backend, job, weights, iteration, run);
  };
  return opened;
}

}  // namespace fcis
