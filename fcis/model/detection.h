// Detection: one instance that the model found.
#ifndef FCIS_MODEL_DETECTION_H_
#define FCIS_MODEL_DETECTION_H_

#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::model {

struct Detection {
  int label = 0;    // 1 .. number of classes: index into config.classes() + 1
  float score = 0;  // (0, 1]
  Box box;          // pixels of the original picture
  // f32 [m,m]: probabilities over the box; may exceed 1 by rounding.
  Tensor mask;
};

}  // namespace fcis::model

#endif  // FCIS_MODEL_DETECTION_H_
