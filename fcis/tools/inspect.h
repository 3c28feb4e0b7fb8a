// Every intermediate tensor of one detection, under the names and in the layout
// of the parity fixtures.
#ifndef FCIS_TOOLS_INSPECT_H_
#define FCIS_TOOLS_INSPECT_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/image/image.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/detector.h"

namespace fcis::tools {

// The input (img, H_W, min_max, scale_f64), every stage that the detector shows
// (fcis/model/stage_observer.h), and the result: det/bbox, det/label,
// det/score, det/mask_packed (bits of each whole-picture mask, row by row, the
// first pixel in the highest bit). Errors: Detector::Detect.
absl::StatusOr<std::vector<std::pair<std::string, Tensor>>> InspectPicture(
    const model::Detector& detector, const Image& image,
    const PostprocessConfig& options);

}  // namespace fcis::tools

#endif  // FCIS_TOOLS_INSPECT_H_
