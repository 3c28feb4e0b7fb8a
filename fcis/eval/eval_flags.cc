#include "fcis/eval/eval_flags.h"

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/data/coco/data_flags.h"

ABSL_FLAG(std::string, iou_type, "segm",
          "What is compared: segm (masks), bbox (boxes) or boundary (masks, "
          "and no better than their boundaries).");
ABSL_FLAG(std::string, metric, "coco",
          "coco: COCOeval's. voc: Pascal VOC's AP, by the area under the curve "
          "and by VOC 2007's eleven points, as chainercv computes it: each "
          "detection claims the object that it overlaps the most, and none is "
          "cut off; --max_dets, --area_ranges, --output_curves and "
          "--report_html are COCO's.");
ABSL_FLAG(std::string, iou_thresholds, "",
          "IoUs from which on a detection is right. Default: "
          "0.5,0.55,...,0.95; of --metric voc 0.5,0.7.");
ABSL_FLAG(std::string, max_dets, "",
          "Detections that count per picture and category. Default: 1,10,100.");
ABSL_FLAG(std::string, area_ranges, "",
          "Ranges of areas in square pixels, name:low:high,...; AP and AR of "
          "each are shown under its name, AP itself is that of \"all\". "
          "Default: all:0:1e10,small:0:1024,medium:1024:9216,large:9216:1e10.");
ABSL_FLAG(std::string, image_ids, "",
          "Only these pictures, by their ids: 7,8 (an id that is a text of "
          "digits in quotes). Default: all.");
ABSL_FLAG(std::string, category_ids, "",
          "Only these categories, likewise. Default: all.");
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

// The flag's list in place of `values`, unless it is empty. parse(item, value)
// returns whether the item is what was expected.
template <typename T, typename Parse>
absl::Status TakeList(const absl::Flag<std::string>& flag, const char* expected,
                      const Parse& parse, std::vector<T>* values) {
  const std::string text = absl::GetFlag(flag);
  if (text.empty()) return absl::OkStatus();
  values->clear();
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    if (parse(item, values->emplace_back())) continue;
    return UsageError(absl::StrCat("--",
                                   absl::GetFlagReflectionHandle(flag).Name(),
                                   ": \"", item, "\", expected ", expected));
  }
  return absl::OkStatus();
}

bool ParseThreshold(absl::string_view item, double& value) {
  return absl::SimpleAtod(item, &value) && value >= 0 && value <= 1;
}

bool ParseMaxDets(absl::string_view item, int& value) {
  return absl::SimpleAtoi(item, &value) && value >= 1;
}

bool ParseAreaRange(absl::string_view item, AreaRange& range) {
  const std::vector<std::string> parts = absl::StrSplit(item, ':');
  range.label = parts[0];
  return parts.size() == 3 && !range.label.empty() &&
         absl::SimpleAtod(parts[1], &range.low) &&
         absl::SimpleAtod(parts[2], &range.high) && range.low <= range.high;
}

// An integer or a text; a text of digits in quotes is a text: 7,"7",cat.
bool ParseId(absl::string_view item, data::RecordId& id) {
  if (data::ParseIntegerId(item, id)) return true;
  if (item.size() >= 2 && item.front() == '"' && item.back() == '"') {
    item = item.substr(1, item.size() - 2);
  }
  id = data::RecordId(item);
  return true;
}

absl::StatusOr<IouType> ParseIouType(absl::string_view text) {
  RETURN_IF_ERROR(CheckChoice("iou_type", text, {"segm", "bbox", "boundary"}));
  return text == "segm"   ? IouType::kSegm
         : text == "bbox" ? IouType::kBbox
                          : IouType::kBoundary;
}

}  // namespace

std::vector<std::string> EvalFlagNames() {
  return {"metric",      "iou_type",       "iou_thresholds",  "max_dets",
          "area_ranges", "image_ids",      "category_ids",    "class_agnostic",
          "sane",        "boxes_as_masks", "bad_annotations", "max_messages"};
}

absl::StatusOr<EvalOptions> EvalOptionsFromFlags() {
  EvalOptions options;
  ASSIGN_OR_RETURN(options.iou_type,
                   ParseIouType(absl::GetFlag(FLAGS_iou_type)));
  RETURN_IF_ERROR(
      CheckChoice("metric", absl::GetFlag(FLAGS_metric), {"coco", "voc"}));
  options.voc = absl::GetFlag(FLAGS_metric) == "voc";
  if (options.voc) options.iou_thresholds = {.5, .7};
  RETURN_IF_ERROR(TakeList(FLAGS_iou_thresholds, "a number of 0 to 1",
                           ParseThreshold, &options.iou_thresholds));
  RETURN_IF_ERROR(TakeList(FLAGS_max_dets, "a whole number above 0",
                           ParseMaxDets, &options.max_dets));
  RETURN_IF_ERROR(TakeList(FLAGS_area_ranges, "name:low:high", ParseAreaRange,
                           &options.area_ranges));
  if (options.area_ranges.size() > kMaxAreaRanges) {
    return UsageError(
        absl::StrCat("--area_ranges: ", options.area_ranges.size(),
                     " ranges, expected at most ", kMaxAreaRanges));
  }
  RETURN_IF_ERROR(
      TakeList(FLAGS_image_ids, "an id", ParseId, &options.image_ids));
  RETURN_IF_ERROR(
      TakeList(FLAGS_category_ids, "an id", ParseId, &options.category_ids));
  ASSIGN_OR_RETURN(options.bad_annotations,
                   data::BadAnnotationPolicyFromFlags());
  options.class_agnostic = absl::GetFlag(FLAGS_class_agnostic);
  options.sane = absl::GetFlag(FLAGS_sane);
  options.boxes_as_masks = absl::GetFlag(FLAGS_boxes_as_masks);
  return options;
}

}  // namespace fcis::eval
