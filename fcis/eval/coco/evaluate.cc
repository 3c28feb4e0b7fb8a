#include "fcis/eval/coco/evaluate.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/steady_now.h"
#include "fcis/data/json/open_json.h"

namespace fcis::eval {
namespace {

// The first byte that is no space; 0 for what cannot be read twice, or at all.
char FirstByte(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return 0;
  const auto file = data::OpenJson(path);
  if (!file.ok()) return 0;
  const absl::string_view text =
      absl::StripLeadingAsciiWhitespace((*file)->bytes());
  return text.empty() ? 0 : text[0];
}

// Of the annotations' error, with the reason when the two files look swapped.
absl::Status AnnotationsError(const absl::Status& error,
                              const std::string& annotations,
                              const std::string& results) {
  if (FirstByte(annotations) != '[' || FirstByte(results) != '{') return error;
  return absl::Status(
      error.code(),
      absl::StrCat(error.message(), "; annotations and results look swapped: ",
                   annotations, " holds a list, as results do, and ", results,
                   " an object, as annotations do"));
}

}  // namespace

absl::StatusOr<Evaluation> Evaluate(const std::string& annotations,
                                    const std::string& results,
                                    EvalOptions options) {
  Stopwatch watch;
  absl::StatusOr<data::CocoDataset> read =
      data::ReadCocoDataset(annotations, EvalNeeds(options));
  if (!read.ok()) return AnnotationsError(read.status(), annotations, results);
  const double seconds = watch.Lap();
  ASSIGN_OR_RETURN(Evaluation evaluation,
                   Evaluate(*std::move(read), results, std::move(options)));
  evaluation.seconds.annotations = seconds;
  return evaluation;
}

absl::StatusOr<Evaluation> Evaluate(data::CocoDataset annotations,
                                    const std::string& results,
                                    EvalOptions options) {
  absl::c_sort(options.max_dets);
  Stopwatch watch;
  Evaluation evaluation;
  evaluation.options = std::move(options);
  evaluation.dataset =
      std::make_unique<const data::CocoDataset>(std::move(annotations));
  ASSIGN_OR_RETURN(evaluation.truth,
                   GroundTruth::Build(*evaluation.dataset, evaluation.options));
  // Masks are all that is needed.
  const MappedFile& file = *evaluation.dataset->file;
  file.Drop(file.bytes());
  evaluation.seconds.truth = watch.Lap();
  RETURN_IF_ERROR(ScoreResults(results, &evaluation));
  return evaluation;
}

absl::Status ScoreResults(const std::string& results, Evaluation* evaluation) {
  const EvalOptions& options = evaluation->options;
  Stopwatch watch;
  ASSIGN_OR_RETURN(auto file, data::OpenJson(results));
  ASSIGN_OR_RETURN(
      evaluation->detections,
      ReadDetections(*file, results, evaluation->truth, options, NumThreads()));
  evaluation->results_path = results;
  evaluation->results.reset();
  if (options.explain) evaluation->results = file;
  file.reset();  // large, and else done with
  evaluation->seconds.detections = watch.Lap();
  evaluation->curves =
      Accumulate(evaluation->truth, evaluation->detections, options);
  evaluation->summary = Summarize(evaluation->curves, options);
  evaluation->seconds.accumulate = watch.Lap();
  return absl::OkStatus();
}

}  // namespace fcis::eval
