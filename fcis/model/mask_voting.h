// Mask voting (FCIS, section 3 "Inference"; chainer-fcis mask.py, FIXTURES
// "Prediction" 3): every surviving box gets the mask that all boxes around it
// agree on.
#ifndef FCIS_MODEL_MASK_VOTING_H_
#define FCIS_MODEL_MASK_VOTING_H_

#include <vector>

#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/detection.h"

namespace fcis {

// What n RoIs say, in pixels of the original picture.
struct RoiPredictions {
  std::vector<Box> boxes;     // n, inside the picture
  Tensor mask_probs;          // f32 [n,m,m]
  Tensor class_probs;         // f32 [n,C], class 0 is the background
  int height = 0, width = 0;  // of the picture
};

// The voted instances by class, then descending score; boxes of whole pixels.
// The rule and its thresholds are the config's; min_drop_size is not applied
// here. Empty for no RoIs (the reference crashes). The result does not depend
// on the number of threads.
std::vector<Detection> MaskVoting(const RoiPredictions& predictions,
                                  const PostprocessConfig& config);

// Without voting: the best class of every RoI that is not background and has
// score > score_thresh, in RoI order, with its own box and mask; no NMS.
std::vector<Detection> BestClassPerRoi(const RoiPredictions& predictions,
                                       float score_thresh);

}  // namespace fcis

#endif  // FCIS_MODEL_MASK_VOTING_H_
