#include "fcis/eval/coco/diagnose.h"

#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/eval/coco/diagnose_truth.h"

namespace fcis::eval {
namespace {

using Lines = std::vector<std::string>;

template <typename Records>
int64_t CountDuplicateKeys(const Records& records) {
  return absl::c_count_if(
      records, [](const auto& record) { return record.duplicate_key; });
}

template <typename Records>
bool HasTextIds(const Records& records) {
  return absl::c_any_of(records,
                        [](const auto& record) { return record.id.is_text(); });
}

// What is read as Python does, though it may not be what was meant.
void DiagnoseJson(const Evaluation& evaluation, Lines& lines) {
  const data::CocoDataset& dataset = *evaluation.dataset;
  for (std::string& note :
       evaluation.truth.problems().Notes(evaluation.options.bad_annotations)) {
    lines.push_back(std::move(note));
  }
  const int64_t repeated = dataset.duplicate_key +
                           CountDuplicateKeys(dataset.images) +
                           CountDuplicateKeys(dataset.categories) +
                           CountDuplicateKeys(dataset.annotations) +
                           evaluation.detections.counts.duplicate_keys;
  if (repeated > 0) {
    lines.push_back(absl::StrCat("duplicate keys in ", repeated,
                                 " JSON objects; the last of each counts"));
  }
  if (HasTextIds(dataset.images) || HasTextIds(dataset.categories)) {
    lines.push_back(absl::StrCat(
        "ids in ", dataset.path,
        " are strings: sorted as text, and \"1\" is another id than 1"));
  }
}

void DiagnoseBoxes(const DetectionCounts& counts, Lines& lines) {
  // Of boxes x, y, width, height hardly any leave their picture; of corners
  // x0, y0, x1, y1 many would, and all of them grow to the right and down.
  constexpr double kNearlyAll = .99, kSome = .05;
  const auto boxes = static_cast<double>(counts.boxes);
  if (counts.boxes == 0) return;
  if (static_cast<double>(counts.relative_like) > kNearlyAll * boxes) {
    lines.push_back(
        "boxes look relative to the picture's size (all within [0, 1]); "
        "expected pixels");
  } else if (static_cast<double>(counts.corner_like) > kNearlyAll * boxes &&
             static_cast<double>(counts.leaving) > kSome * boxes) {
    lines.push_back(absl::StrCat(
        "boxes look like corners [x0, y0, x1, y1]: as [x, y, width, height] ",
        counts.leaving, " of ", counts.boxes, " leave their picture"));
  }
}

void DiagnoseCounts(const Evaluation& evaluation, Lines& lines) {
  const DetectionCounts& counts = evaluation.detections.counts;
  if (counts.total == 0) {
    lines.push_back("the results are empty");
    return;
  }
  if (evaluation.detections.list.empty()) {
    lines.push_back(
        absl::StrCat("nothing in common: none of ", counts.total,
                     " detections is of an evaluated picture and category"));
  }
  if (counts.unlisted_category > 0) {
    lines.push_back(absl::StrCat(
        counts.unlisted_category, " of ", counts.total,
        " detections are of a category that the annotations do not list (the "
        "first is ",
        counts.first_unlisted.ToString(),
        evaluation.truth.NoteOnCategory(counts.first_unlisted),
        "); they are left out"));
  }
  if (counts.score_out_of_range > 0) {
    lines.push_back(absl::StrCat(counts.score_out_of_range, " of ",
                                 counts.total, " scores are outside [0, 1]"));
  }
  if (counts.other_size > 0) {
    lines.push_back(absl::StrCat(
        counts.other_size, " of ", counts.total,
        " masks have another size than their picture (the first is results[",
        counts.first_other_size, "]); they match nothing"));
  }
  DiagnoseBoxes(counts, lines);
}

void DiagnoseRules(const Evaluation& evaluation, Lines& lines) {
  const EvalOptions& options = evaluation.options;
  if (evaluation.detections.box_areas) {
    lines.push_back(
        "as in pycocotools, areas of detections are those of their \"bbox\", "
        "for the first detection has one (--sane takes the masks')");
  }
  if (!options.sane && !absl::c_linear_search(options.max_dets, 100)) {
    lines.push_back(
        "as in pycocotools, AP is that at 100 detections, -1 for --max_dets "
        "has no 100 (--sane takes the third of --max_dets)");
  }
  if (!absl::c_any_of(options.area_ranges, [](const AreaRange& range) {
        return range.label == "all";
      })) {
    lines.push_back(
        "as in pycocotools, AP and AR are those of the range \"all\", -1 for "
        "--area_ranges has none of that name; each range has its own lines");
  }
}

// Whether objects are found as soon as categories do not matter.
bool CategoriesAreToBlame(const Evaluation& evaluation) {
  constexpr double kPoor = .02, kDecent = .2;
  constexpr size_t kAp50 = 1;
  const double ap50 = evaluation.summary.stats[kAp50];
  if (evaluation.options.class_agnostic || ap50 < 0 || ap50 > kPoor ||
      evaluation.truth.num_classes() < 2 ||
      evaluation.detections.counts.total == 0) {
    return false;
  }
  // What came through a pipe cannot be read again: one with a name waits for
  // another writer.
  const std::string& path = evaluation.dataset->path;
  for (const std::string& file : {path, evaluation.results_path}) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) return false;
  }
  EvalOptions options = evaluation.options;
  options.class_agnostic = true;
  options.explain = false;
  const auto agnostic = Evaluate(path, evaluation.results_path, options);
  return agnostic.ok() && agnostic->summary.stats[kAp50] > kDecent;
}

}  // namespace

std::vector<std::string> Diagnose(const Evaluation& evaluation) {
  Lines lines;
  DiagnoseJson(evaluation, lines);
  absl::c_move(DiagnoseTruth(evaluation), std::back_inserter(lines));
  DiagnoseCounts(evaluation, lines);
  if (!evaluation.options.voc) DiagnoseRules(evaluation, lines);
  if (CategoriesAreToBlame(evaluation)) {
    lines.push_back(
        "category ids look off by a mapping: objects are found when categories "
        "do not matter (--class_agnostic)");
  } else if (!evaluation.detections.list.empty() &&
             !evaluation.truth.objects().empty() &&
             evaluation.detections.overlaps.empty()) {
    lines.push_back(absl::StrFormat(
        "no detection overlaps an object of its category with an IoU of %g",
        LowestMatchThreshold(evaluation.options)));
  }
  return lines;
}

}  // namespace fcis::eval
