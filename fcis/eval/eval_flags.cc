#include "fcis/eval/eval_flags.h"

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/data/coco/bad_annotation_flags.h"

ABSL_FLAG(std::string, iou_type, "segm",
          "What is compared: segm (masks), bbox (boxes) or boundary (masks, "
          "and no better than their boundaries).");
ABSL_FLAG(std::string, iou_thresholds, "",
          "IoUs that make a detection right; default 0.5,0.55,...,0.95.");
ABSL_FLAG(std::string, max_dets, "",
          "Detections that count per picture and category; default 1,10,100.");
ABSL_FLAG(std::string, area_ranges, "",
          "Ranges of areas in square pixels, name:low:high,...; AP and AR of "
          "each are shown under its name, AP itself is that of \"all\". "
          "Default all:0:1e10,small:0:1024,medium:1024:9216,large:9216:1e10.");
ABSL_FLAG(std::string, image_ids, "", "Only these pictures; default all.");
ABSL_FLAG(std::string, category_ids, "", "Only these categories; default all.");
ABSL_FLAG(bool, class_agnostic, false, "All objects are of one category.");
ABSL_FLAG(bool, sane, false,
          "Where pycocotools' answer is odd, the sane one: areas of detected "
          "masks are the masks' own and not their boxes', an annotation with "
          "id 0 can be found, and each of several with one id, AP needs no 100 "
          "in --max_dets.");
ABSL_FLAG(bool, boxes_as_masks, false,
          "Where masks are compared, a detection that has only a box counts as "
          "that rectangle, as in pycocotools; else it is an error.");

namespace fcis::eval {
namespace {

std::vector<absl::string_view> SplitList(absl::string_view text) {
  return absl::StrSplit(text, ',');
}

// parse(item, value) returns whether the item is what was expected.
template <typename T, typename Parse>
absl::StatusOr<std::vector<T>> ParseList(absl::string_view text,
                                         const char* flag, const char* expected,
                                         const Parse& parse) {
  std::vector<T> values;
  for (const absl::string_view item : SplitList(text)) {
    if (parse(item, values.emplace_back())) continue;
    return UsageError(
        absl::StrCat(flag, ": \"", item, "\", expected ", expected));
  }
  return values;
}

absl::StatusOr<IouType> ParseIouType(absl::string_view text) {
  RETURN_IF_ERROR(CheckChoice("iou_type", text, {"segm", "bbox", "boundary"}));
  return text == "segm"   ? IouType::kSegm
         : text == "bbox" ? IouType::kBbox
                          : IouType::kBoundary;
}

}  // namespace

std::vector<std::string> EvalFlagNames() {
  return {"iou_type",       "iou_thresholds",  "max_dets",       "area_ranges",
          "image_ids",      "category_ids",    "class_agnostic", "sane",
          "boxes_as_masks", "bad_annotations", "max_messages"};
}

absl::StatusOr<std::vector<double>> ParseThresholds(absl::string_view text) {
  return ParseList<double>(text, "--iou_thresholds", "a number of 0 to 1",
                           [](absl::string_view item, double& value) {
                             return absl::SimpleAtod(item, &value) &&
                                    value >= 0 && value <= 1;
                           });
}

absl::StatusOr<std::vector<int>> ParseMaxDets(absl::string_view text) {
  return ParseList<int>(text, "--max_dets", "a whole number above 0",
                        [](absl::string_view item, int& value) {
                          return absl::SimpleAtoi(item, &value) && value >= 1;
                        });
}

absl::StatusOr<std::vector<AreaRange>> ParseAreaRanges(absl::string_view text) {
  ASSIGN_OR_RETURN(
      std::vector<AreaRange> ranges,
      ParseList<AreaRange>(text, "--area_ranges", "name:low:high",
                           [](absl::string_view item, AreaRange& range) {
                             const std::vector<std::string> parts =
                                 absl::StrSplit(item, ':');
                             range.label = parts[0];
                             return parts.size() == 3 && !range.label.empty() &&
                                    absl::SimpleAtod(parts[1], &range.low) &&
                                    absl::SimpleAtod(parts[2], &range.high) &&
                                    range.low <= range.high;
                           }));
  if (ranges.size() <= kMaxAreaRanges) return ranges;
  return UsageError(absl::StrCat("--area_ranges: ", ranges.size(),
                                 " ranges, expected at most ", kMaxAreaRanges));
}

std::vector<data::RecordId> ParseIds(absl::string_view text) {
  std::vector<data::RecordId> ids;
  for (absl::string_view item : SplitList(text)) {
    data::RecordId number;
    if (data::ParseIntegerId(item, number)) {
      ids.push_back(number);
      continue;
    }
    if (item.size() >= 2 && item.front() == '"' && item.back() == '"') {
      item = item.substr(1, item.size() - 2);
    }
    ids.emplace_back(item);
  }
  return ids;
}

absl::StatusOr<EvalOptions> EvalOptionsFromFlags() {
  EvalOptions options;
  ASSIGN_OR_RETURN(options.iou_type,
                   ParseIouType(absl::GetFlag(FLAGS_iou_type)));
  const std::string thresholds = absl::GetFlag(FLAGS_iou_thresholds);
  if (!thresholds.empty()) {
    ASSIGN_OR_RETURN(options.iou_thresholds, ParseThresholds(thresholds));
  }
  const std::string cuts = absl::GetFlag(FLAGS_max_dets);
  if (!cuts.empty()) {
    ASSIGN_OR_RETURN(options.max_dets, ParseMaxDets(cuts));
  }
  const std::string ranges = absl::GetFlag(FLAGS_area_ranges);
  if (!ranges.empty()) {
    ASSIGN_OR_RETURN(options.area_ranges, ParseAreaRanges(ranges));
  }
  const std::string images = absl::GetFlag(FLAGS_image_ids);
  if (!images.empty()) options.image_ids = ParseIds(images);
  const std::string categories = absl::GetFlag(FLAGS_category_ids);
  if (!categories.empty()) options.category_ids = ParseIds(categories);
  ASSIGN_OR_RETURN(options.bad_annotations,
                   data::BadAnnotationPolicyFromFlags());
  options.class_agnostic = absl::GetFlag(FLAGS_class_agnostic);
  options.sane = absl::GetFlag(FLAGS_sane);
  options.boxes_as_masks = absl::GetFlag(FLAGS_boxes_as_masks);
  return options;
}

}  // namespace fcis::eval
