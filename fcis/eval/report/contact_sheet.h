// The pictures of an evaluation that tell most, on one sheet: what was found
// beside what is annotated.
#ifndef FCIS_EVAL_REPORT_CONTACT_SHEET_H_
#define FCIS_EVAL_REPORT_CONTACT_SHEET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/image/image.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/report/explanation.h"

namespace fcis::eval {

// At most so many pictures are on a sheet.
inline constexpr int kSheetPictures = 8;
// The width of a column, and the longer side of its pictures, in pixels.
inline constexpr int kSheetCell = 480;

// Up to `count` of `ranked`, which has the best picture first: half of them the
// best, the others the worst. In the same order, each once.
std::vector<PictureScore> ChoosePictures(std::vector<PictureScore> ranked,
                                         int count);

struct SheetRow {
  Image found, truth;  // at most kSheetCell wide
  std::string found_caption, truth_caption;
};

// The rows from top to bottom, in two columns: what was found at the left. A
// picture stands in the middle of its column, under its caption, which is cut
// to the column's width. Without rows there is a margin only.
Image ComposeSheet(absl::Span<const SheetRow> rows);

struct ContactSheet {
  std::string jpeg;  // "": there is nothing to show
  // Detections with at least this score are drawn; the best operating point,
  // two digits behind the point. -1: nothing was found.
  double min_score = -1;
  double overconfidence = 0;  // of the scores, in logits (calibration.h)
  std::vector<std::string> problems;  // pictures that cannot be read
};

// Of the pictures that have objects or detections, by panoptic quality
// (RankPictures), the best first. `evaluation`: with options.explain.
// Errors: the sheet cannot be encoded.
absl::StatusOr<ContactSheet> DrawContactSheet(const Evaluation& evaluation,
                                              const std::string& image_dir);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_CONTACT_SHEET_H_
