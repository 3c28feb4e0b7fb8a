// The pictures of an evaluation for the script of a page: what is annotated and
// what was found in each, instance by instance.
#ifndef FCIS_EVAL_REPORT_BROWSE_JSON_H_
#define FCIS_EVAL_REPORT_BROWSE_JSON_H_

#include <cstddef>
#include <string>

#include "fcis/eval/coco/evaluate.h"
#include "fcis/eval/report/explanation.h"

namespace fcis::eval {

struct BrowseOptions {
  // Where the page finds the pictures, in front of their "file_name"s: a path
  // relative to its own folder, with a / at the end. "": nowhere.
  std::string image_base;
  // Of many pictures some are there, spread evenly over all by how well they
  // went: as many as take so many bytes, and no more than `most_pictures`.
  size_t most_pictures = 2000, most_bytes = 20'000'000;
  size_t most_found = 40;  // of a picture, by score
  int mask_side = 320;     // pixels of a mask's longer side
};

// An object:
//   "image_base", "most_found", "of": pictures that there are
//   "pictures", the worst first: {"name", "width", "height" (0: not known),
//     "mask_size": [height, width], "quality" (RankPictures),
//     "objects": [{"class", "area", "crowd", ...}], "found": [{"class", "area",
//     "score", "kind", "object", "iou", ...}]}
// with the members of InstanceMembers in place of the dots. "class": position
// among the class names. "kind": an ErrorKind, -1: correct, -2: in a crowd.
// "object": position among the picture's objects of the one that was found, or
// that the detection lies on most; -1, with IoU 0: none. Pictures with neither
// objects nor detections (from the operating point on) are left out.
std::string BrowseJson(const Evaluation& evaluation,
                       const Explanation& explanation,
                       const BrowseOptions& options);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_REPORT_BROWSE_JSON_H_
