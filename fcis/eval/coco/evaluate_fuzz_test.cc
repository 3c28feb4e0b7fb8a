// Fuzzes the readers of annotations and results, and the whole evaluation on
// what they accept. Input: a byte of options, annotations, a byte 0, results.
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/json_mutator.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/results.h"
#include "fcis/data/coco/segmentation.h"
#include "fcis/eval/coco/diagnose.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/coco/score_json.h"
#include "rapidjson/document.h"

namespace {

fcis::eval::EvalOptions Options(uint8_t bits) {
  fcis::eval::EvalOptions options;
  options.iou_type =
      bits & 1 ? fcis::eval::IouType::kBbox : fcis::eval::IouType::kSegm;
  if (bits & 16) options.iou_type = fcis::eval::IouType::kBoundary;
  options.class_agnostic = bits & 2;
  options.sane = bits & 4;
  options.boxes_as_masks = !(bits & 32);
  options.bad_annotations.skip = bits & 64;
  if (bits & 8) options.iou_thresholds = {0, .5};
  return options;
}

// Pictures are not the matter here, and large ones slow.
bool HasLongNumbers(absl::string_view text) {
  int digits = 0;
  for (const char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits > 4) return true;
  }
  return false;
}

// As a training reads them, and the names that messages and pages have.
void ReadAsTraining(const std::string& truth, absl::string_view results) {
  fcis::data::CocoNeeds needs;
  for (auto* use : {&needs.file_name, &needs.name, &needs.bbox, &needs.area,
                    &needs.ignore}) {
    *use = fcis::data::MemberUse::kNeeded;
  }
  needs.evaluated_later = true;
  const auto dataset = fcis::data::ReadCocoDataset(truth, needs);
  if (!dataset.ok()) return;
  for (const auto& annotation : dataset->annotations) {
    (void)NameOf(*dataset, annotation);
    (void)annotation.image_id.ToJson();
    fcis::data::Segmentation segmentation;
    ParseSegmentation(annotation.segmentation, segmentation).IgnoreError();
  }
  dataset->problems.Check({}).IgnoreError();
  (void)dataset->problems.Notes({true});
  fcis::data::CocoResult result;
  ReadResultAt(results, "results", 0, result).IgnoreError();
}

}  // namespace

#ifdef FCIS_FUZZ
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

// Keeps both texts JSON, mostly.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                          size_t max_size, unsigned seed) {
  const auto mutate = [](absl::string_view input, uint32_t seed) {
    const size_t border = input.find('\0', 1);
    if (input.empty() || border == input.npos) return std::string(input);
    absl::string_view texts[] = {input.substr(1, border - 1),
                                 input.substr(border + 1)};
    const std::string mutated = fcis::MutateJson(texts[seed % 2], seed / 2);
    texts[seed % 2] = mutated;
    return absl::StrCat(input.substr(0, 1), texts[0],
                        absl::string_view("\0", 1), texts[1]);
  };
  return fcis::MutateStructure(data, size, max_size, seed, mutate,
                               LLVMFuzzerMutate);
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t border = input.find('\0', 1);
  if (size == 0 || border == input.npos || HasLongNumbers(input)) return 0;
  const fcis::MemoryFile truth(input.substr(1, border - 1));
  const fcis::MemoryFile results(input.substr(border + 1));
  ReadAsTraining(truth.path(), input.substr(border + 1));
  const fcis::eval::EvalOptions options = Options(data[0]);
  fcis::SetNumThreads(1);
  const auto one = Evaluate(truth.path(), results.path(), options);
  fcis::SetNumThreads(3);
  const auto three = Evaluate(truth.path(), results.path(), options);
  ABSL_RAW_CHECK(one.ok() == three.ok(), "threads");
  if (!one.ok()) return 0;
  ABSL_RAW_CHECK(one->summary.stats == three->summary.stats, "threads");
  for (const double stat : one->summary.stats) {
    ABSL_RAW_CHECK(stat == -1 || (stat >= 0 && stat <= 1), "range");
  }
  rapidjson::Document json;
  json.Parse(ScoreJson(*one, Diagnose(*one)).c_str());
  ABSL_RAW_CHECK(!json.HasParseError(), "JSON");
  return 0;
}
