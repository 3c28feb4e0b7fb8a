#include "fcis/train/main/validator.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/base/counter_rng.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/output_directory.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/io/file.h"
#include "fcis/core/mask/paste.h"
#include "fcis/data/coco/data_flags.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/loader/similar_file.h"
#include "fcis/eval/coco/diagnose_truth.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/coco/ground_truth.h"
#include "fcis/eval/coco/score_table.h"
#include "fcis/eval/predict/predict.h"
#include "fcis/eval/report/contact_sheet.h"
#include "fcis/model/detector.h"
#include "fcis/train/main/faults.h"

namespace fcis::train {
namespace {

struct ValidationSet {
  eval::Evaluation evaluation;  // of no detections yet
  std::string image_dir;
  data::ClassMatch classes;

  const data::CocoDataset& dataset() const { return *evaluation.dataset; }
};

std::string PathOf(const ValidationSet& set, const data::CocoImage& image) {
  return absl::StrCat(set.image_dir, "/", image.file_name);
}

// What is wrong with a picture of the set, or "". Reads it if `whole`. Of one
// that is missing only the reason.
std::string PictureFault(const ValidationSet& set, const data::CocoImage& image,
                         bool whole) {
  const std::string path = PathOf(set, image);
  std::string fault = data::WhyUnreadable(path);
  if (!fault.empty() || !whole) return fault;
  const absl::StatusOr<Image> read = data::ReadImage(path);
  if (!read.ok()) {
    return absl::StrCat(data::NameOf(set.dataset(), image), ": ",
                        read.status().message());
  }
  const bool sized = image.height > 0 && image.width > 0;
  if (!sized || (read->height == image.height && read->width == image.width)) {
    return "";
  }
  return absl::StrCat(
      data::NameOf(set.dataset(), image), ": ",
      data::DescribeSizeMismatch(path, read->height, read->width, image.height,
                                 image.width));
}

// All files must be there; each process reads its share of them.
absl::Status CheckPictures(const ValidationSet& set, int max_messages,
                           const Communicator& job) {
  const std::vector<data::CocoImage>& images = set.dataset().images;
  std::vector<std::string> faults(images.size());
  const auto processes = static_cast<size_t>(job.size());
  const auto rank = static_cast<size_t>(job.rank());
  ParallelForEach(images.size(), 1, [&](size_t i) {
    faults[i] = PictureFault(set, images[i], i % processes == rank);
  });
  data::RecordLines lines;
  for (size_t i = 0; i < images.size(); ++i) {
    if (faults[i].empty()) continue;
    const std::string path = PathOf(set, images[i]);
    const bool missing = !data::WhyUnreadable(path).empty();
    lines.Add(missing && lines.count < max_messages
                  ? data::DescribeUnreadable(images[i].id, path)
                  : std::move(faults[i]));
  }
  if (lines.count == 0) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat(lines.count, " of ", images.size(),
                   " pictures are missing, damaged or of another size:\n",
                   lines.ToText(max_messages, "  ")));
}

absl::StatusOr<data::ClassMatch> Match(const ModelConfig& model,
                                       const data::CocoDataset& dataset,
                                       const data::ClassMap& map) {
  std::vector<std::string> names;
  for (const ClassConfig& c : model.classes()) names.push_back(c.name());
  return data::MatchClasses(names, dataset, map);
}

std::string DirectoryOf(int64_t iteration, const std::string& run) {
  return absl::StrCat(run, "/validation_", iteration);
}

absl::StatusOr<ValidationScore> Validate(
    ValidationSet& set, kernels::Backend* backend, Communicator* job,
    model::Weights weights, int64_t iteration, const std::string& run) {
  ASSIGN_OR_RETURN(const auto detector,
                   model::Detector::Create(weights, backend));
  const PostprocessConfig postprocess =
      PostprocessFor(detector->config(), Purpose::kScore);
  eval::PredictOptions options;
  options.image_dir = set.image_dir;
  options.weights = &weights;
  options.computed_by =
      absl::StrCat(backend->name(), ", ", backend->precision());
  options.paste_threshold = PasteThreshold(postprocess);
  ASSIGN_OR_RETURN(
      options.directory,
      MakeOutputDirectory(DirectoryOf(iteration, run), "", absl::Now()));
  RETURN_IF_ERROR(eval::Predict(
      set.dataset(), set.classes, options,
      [&](const Image& image, model::StageTimes* times) {
        return detector->Detect(image, postprocess, nullptr, times);
      },
      *job));
  double scores[] = {0, 0};  // rank 0's
  if (job->rank() == 0) {
    RETURN_IF_ERROR(
        eval::ScoreResults(eval::ResultsPath(options), &set.evaluation));
    const auto& stats = set.evaluation.summary.stats;
    scores[0] = stats[0];
    scores[1] = stats[1];
  }
  RETURN_IF_ERROR(job->Sum(absl::MakeSpan(scores)));
  return ValidationScore{scores[0], scores[1]};
}

// The report's table without APs by size.
std::string Table(const eval::Evaluation& evaluation) {
  constexpr size_t kManyClasses = 20, kFirstBySize = 3;
  eval::EvalSummary summary = evaluation.summary;
  summary.sizes.clear();
  summary.mean.resize(kFirstBySize);
  std::vector<eval::CategoryRow> rows = eval::CategoryRows(evaluation);
  if (rows.size() > kManyClasses) rows.clear();
  for (eval::CategoryRow& row : rows) row.score.resize(kFirstBySize);
  return MarkdownTable(summary, rows);
}

absl::StatusOr<ValidationReport> Report(ValidationSet& set, int64_t iteration,
                                        const std::string& run) {
  eval::PredictOptions options;
  options.directory = DirectoryOf(iteration, run);
  set.evaluation.options.explain = true;
  RETURN_IF_ERROR(
      eval::ScoreResults(eval::ResultsPath(options), &set.evaluation));
  ASSIGN_OR_RETURN(eval::ContactSheet sheet,
                   DrawContactSheet(set.evaluation, set.image_dir));
  ValidationReport report;
  report.table = Table(set.evaluation);
  report.score_thresh = sheet.min_score;
  report.overconfidence = sheet.overconfidence;
  report.problems = std::move(sheet.problems);
  if (sheet.jpeg.empty()) return report;
  report.picture = absl::StrCat(run, "/", kValidationPicture);
  RETURN_IF_ERROR(WriteFileAtomic(report.picture, sheet.jpeg));
  return report;
}

}  // namespace

absl::StatusOr<OpenedValidator> OpenValidator(const std::string& ann_file,
                                              const std::string& image_dir,
                                              const ModelConfig* model,
                                              const data::ClassMap& map,
                                              kernels::Backend* backend,
                                              Communicator* job) {
  auto set = std::make_shared<ValidationSet>();
  eval::EvalOptions& options = set->evaluation.options;
  ASSIGN_OR_RETURN(options.bad_annotations,
                   data::BadAnnotationPolicyFromFlags());
  ASSIGN_OR_RETURN(data::CocoDataset dataset,
                   data::ReadCocoDataset(ann_file, ModelEvalNeeds(options)));
  set->evaluation.dataset =
      std::make_unique<const data::CocoDataset>(std::move(dataset));
  set->image_dir = image_dir;
  Faults faults;
  if (set->dataset().images.empty()) {
    faults.Add(
        absl::InvalidArgumentError(absl::StrCat(ann_file, ": no \"images\"")));
  }
  absl::StatusOr<eval::GroundTruth> truth =
      eval::GroundTruth::Build(set->dataset(), options);
  faults.Add(truth.status());
  OpenedValidator opened;
  if (model != nullptr) {
    absl::StatusOr<data::ClassMatch> match = Match(*model, set->dataset(), map);
    faults.Add(match.status());
    if (match.ok()) {
      set->classes = *std::move(match);
      opened.statement.push_back(Describe(set->classes));
    }
  }
  faults.Add(CheckPictures(*set, options.bad_annotations.max_messages, *job));
  RETURN_IF_ERROR(faults.status("faults"));
  for (std::string& note : truth->problems().Notes(options.bad_annotations)) {
    opened.statement.push_back(std::move(note));
  }
  set->evaluation.truth = *std::move(truth);
  for (std::string& line : DiagnoseTruth(set->evaluation)) {
    opened.statement.push_back(std::move(line));
  }
  opened.pictures = static_cast<int64_t>(set->dataset().images.size());
  opened.contents = Fnv1a64(set->dataset().file->bytes());
  opened.validate = [=](const model::Weights& weights, int64_t iteration,
                        const std::string& run) {
    return Validate(*set, backend, job, weights, iteration, run);
  };
  opened.report = [set](int64_t iteration, const std::string& run) {
    return Report(*set, iteration, run);
  };
  return opened;
}

}  // namespace fcis::train
