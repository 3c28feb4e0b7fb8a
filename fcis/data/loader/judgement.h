// What becomes of an annotation that may be trained on.
#ifndef FCIS_DATA_LOADER_JUDGEMENT_H_
#define FCIS_DATA_LOADER_JUDGEMENT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/loader/coco_index.h"
#include "fcis/data/loader/dataset_report.h"

namespace fcis::data {

// The object's mask. Errors, without names: not a segmentation, or one of
// another size than height x width. `short_parts`, unless null, is increased
// for each polygon of fewer than three points, which is dropped.
absl::StatusOr<Rle> DecodeSegmentation(absl::string_view segmentation,
                                       int height, int width,
                                       int* short_parts = nullptr);

struct Judgement {
  int picture = -1;  // of CocoIndex; -1: left out
  CocoObject object;
  std::vector<Finding> findings;
  std::string fault;  // why it is an error; "": it is none

  void LeaveOut(Finding why, std::string bad = "") {
    picture = -1;
    findings.push_back(why);
    fault = std::move(bad);
  }
};

// Completes the judgement of an annotation of `picture`, whose record is
// `record`; its id, label and segmentation are there. Boxes and masks are as
// IndexCoco says.
void JudgeAnnotation(const CocoAnnotation& annotation,
                     const CocoPicture& picture, const CocoImage& record,
                     const CocoNeeds& needs, Judgement& judgement);

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_JUDGEMENT_H_
