// Detections of the fixtures.
#ifndef FCIS_MODEL_TESTING_GOLDEN_DETECTIONS_H_
#define FCIS_MODEL_TESTING_GOLDEN_DETECTIONS_H_

#include <string>
#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/testing/golden.h"
#include "fcis/model/detection.h"

namespace fcis::model {

// Expects `got`, of a picture of height x width, to be the arrays bbox, label,
// score and (where the file has it) mask_packed of `prefix`, in their order:
// boxes to box_limit, scores to 1e-4, masks but for a thousandth of the pixels.
// first_label: of the file's foreground classes, 0 or 1.
void ExpectGoldenDetections(const GoldenFile& golden, const std::string& prefix,
                            const std::vector<Detection>& got, int height,
                            int width, const PostprocessConfig& config,
                            double box_limit, int first_label);

}  // namespace fcis::model

#endif  // FCIS_MODEL_TESTING_GOLDEN_DETECTIONS_H_
