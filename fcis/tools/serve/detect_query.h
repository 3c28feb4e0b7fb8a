// The parameters of a request to detect.
#ifndef FCIS_TOOLS_SERVE_DETECT_QUERY_H_
#define FCIS_TOOLS_SERVE_DETECT_QUERY_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"

namespace fcis::tools {

enum class MaskForm { kRle, kPolygons, kNone };

struct DetectQuery {
  PostprocessConfig postprocess;
  std::set<int> labels;  // that are wanted
  MaskForm masks = MaskForm::kRle;
  bool draw = false;  // answer with the drawn picture, as PNG
};

// What a query may say, each at most once: score_thresh, nms_thresh,
// mask_merge_thresh and binary_thresh, as the flags of these names, 0 to 1;
// classes, as --classes; masks=rle|polygons|none; format=json|png. What it does
// not say is the model's. InvalidArgument names the parameter, what it is and
// what was expected; unknown ones are errors.
absl::StatusOr<DetectQuery> ParseDetectQuery(
    const std::multimap<std::string, std::string>& query,
    const ModelConfig& config);

// The names above.
std::vector<std::string> DetectParameters();

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_SERVE_DETECT_QUERY_H_
