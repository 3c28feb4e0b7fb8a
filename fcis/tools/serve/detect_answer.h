// What is answered to a request to detect.
#ifndef FCIS_TOOLS_SERVE_DETECT_ANSWER_H_
#define FCIS_TOOLS_SERVE_DETECT_ANSWER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/image/image.h"
#include "fcis/eval/predict/picture_job.h"
#include "fcis/tools/serve/detect_query.h"

namespace fcis::tools {

struct PictureAnswer {
  std::string name;  // as the client called it; may be empty
  int height = 0, width = 0;
  std::vector<eval::Instance> instances;
  double seconds = 0;  // for reading and detecting
};

// {"model": name, "pictures": [{name, width, height, seconds, instances:
// [...]}]} with instances as in COCO's files: {class, category_id, score, bbox
// [x, y, width, height], area, segmentation}, segmentation as asked for.
std::string AnswerJson(const ModelConfig& config,
                       absl::Span<const PictureAnswer> pictures,
                       MaskForm masks);

// The picture with its instances drawn, as the demo does. Errors: no memory.
absl::StatusOr<std::string> AnswerPng(const ModelConfig& config,
                                      const PictureAnswer& picture,
                                      Image image);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SERVE_DETECT_ANSWER_H_
