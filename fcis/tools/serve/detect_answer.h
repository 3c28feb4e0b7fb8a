// What is answered to a request to detect.
#ifndef FCIS_TOOLS_SERVE_DETECT_ANSWER_H_
#define FCIS_TOOLS_SERVE_DETECT_ANSWER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/image/image.h"
#include "fcis/core/rle/rle.h"
#include "fcis/eval/predict/picture_job.h"
#include "fcis/tools/serve/detect_query.h"

namespace fcis::tools {

// One instance; its mask as runs, for pixels of many would take too much
// memory.
struct FoundInstance {
  int label = 0;
  float score = 0;
  Box box;
  Rle mask;
};

struct PictureAnswer {
  std::string name;  // as the client called it; may be empty
  int height = 0, width = 0;
  std::vector<FoundInstance> instances;
  double seconds = 0;  // for reading and detecting
};

// {"model": name, "pictures": [{name, width, height, seconds, instances:
// [...]}]} with instances as in COCO's files: {class, category_id, score, bbox
// [x, y, width, height], area, segmentation}, segmentation as asked for.
std::string AnswerJson(const ModelConfig& config,
                       absl::Span<const PictureAnswer> pictures,
                       MaskForm masks);

// The picture with instances drawn, as the demo does. Errors: no memory.
absl::StatusOr<std::string> AnswerPng(
    const ModelConfig& config, absl::Span<const eval::Instance> instances,
    Image image);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SERVE_DETECT_ANSWER_H_
