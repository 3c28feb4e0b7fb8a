// What a training picture and its instances become before the network sees
// them (chainer-fcis examples/coco/train.py Transform; FIXTURES "Training" 1).
#ifndef FCIS_DATA_TRANSFORM_TRAIN_TRANSFORM_H_
#define FCIS_DATA_TRANSFORM_TRAIN_TRANSFORM_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/image/image.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

// Instances in pixels of their picture: one box, label (1 ..) and mask each.
struct Instances {
  std::vector<Box> boxes;
  std::vector<int> labels;
  std::vector<std::vector<uint8_t>> masks;  // [height][width], 0 or 1
};

struct TrainSample {
  Tensor prepared;      // f32 [1,h,w,3]
  double scale = 0;     // prepared / original height
  Instances instances;  // in prepared pixels
};

// Prepares the picture, scales the boxes by the ratio of each axis, drops
// instances whose box rounds to no pixels, scales the masks (nearest) and flips
// all of it left to right when asked. Errors: an empty picture; counts or mask
// sizes that differ.
absl::StatusOr<TrainSample> TransformForTraining(const Image& image,
                                                 const Instances& instances,
                                                 const InputConfig& config,
                                                 bool flip);

}  // namespace fcis

#endif  // FCIS_DATA_TRANSFORM_TRAIN_TRANSFORM_H_
