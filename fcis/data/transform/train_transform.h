// What a training picture and its instances become before the network sees
// them (docs/reference.md, Training 1).
#ifndef FCIS_DATA_TRANSFORM_TRAIN_TRANSFORM_H_
#define FCIS_DATA_TRANSFORM_TRAIN_TRANSFORM_H_

#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/image/image.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/data/transform/augmentation.pb.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {

struct TrainSample {
  Tensor prepared;      // f32 [1,h,w,3]
  double scale = 0;     // prepared / original height
  Instances instances;  // in prepared pixels
  // With smooth_masks in place of instances.masks, which are empty then: per
  // instance f32 [h][w] in 0..1.
  std::vector<std::vector<float>> smooth_masks;
};

// A box of a picture of height x width, in the pixels that SizeToPrepare gives
// it. Where it rounds to no pixels, TransformForTraining drops the instance.
Box BoxInPrepared(const Box& box, int height, int width,
                  const PreparedSize& prepared);

// Prepares the picture, scales the boxes by the ratio of each axis, drops
// instances whose box rounds to no pixels, scales the masks (nearest, unless
// the rules say otherwise) and the ignored region (nearest), all of the
// picture's size, and flips all of it left to right when asked. Error: an empty
// picture.
absl::StatusOr<TrainSample> TransformForTraining(
    const Image& image, const Instances& instances, const InputConfig& config,
    bool flip, const GroundTruthConfig& rules = {});

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_TRAIN_TRANSFORM_H_
