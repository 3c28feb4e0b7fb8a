// Pictures of an evaluation with what is annotated and what was found.
#ifndef FCIS_EVAL_REPORT_PICTURE_PANELS_H_
#define FCIS_EVAL_REPORT_PICTURE_PANELS_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "fcis/core/image/image.h"
#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/report/explanation.h"

namespace fcis::eval {

struct PanelSource {
  // With options.explain.
  const Evaluation* evaluation = nullptr;
  const Explanation* explanation = nullptr;
  std::string image_dir;  // that the pictures' "file_name"s are relative to
  double min_score = 0;   // of detections that are drawn
  // The longer side of what is drawn, in pixels (>= 1); smaller pictures stay
  // as they are unless `enlarge`.
  int side = 960;
  bool enlarge = false;
};

// A picture, twice.
struct PicturePanel {
  Image truth, found;
  std::string problem;  // why there are none; else ""
};

// "file_name" of an evaluated picture (a position in GroundTruth::images()), or
// its id when it has none.
std::string PictureName(const Evaluation& evaluation, int picture);

// Whether the file of an evaluated picture is there.
bool HasPictureFile(const PanelSource& source, int picture);

// One panel per picture: masks where the file has them, else boxes; labels say
// the category, and of detections the score and what is wrong (ErrorKind).
// A picture that cannot be read is a problem of its panel.
std::vector<PicturePanel> DrawPanels(const PanelSource& source,
                                     absl::Span<const int> pictures);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_PICTURE_PANELS_H_
