// Mask targets: the ground truth's mask as a RoI sees it (docs/reference.md,
// Training 7).
#ifndef FCIS_TRAIN_TARGETS_MASK_TARGET_H_
#define FCIS_TRAIN_TARGETS_MASK_TARGET_H_

#include <cstdint>
#include <vector>

#include "fcis/core/geometry/pixel_box.h"

namespace fcis::train {

// A ground truth's mask [height][width]: `bits`, 0 or 1, or `values` in 0..1
// where that is set.
struct MaskView {
  const uint8_t* bits;
  int height, width;
  const float* values = nullptr;
};

// The part of the mask that lies in both boxes, over the RoI: f32
// [roi height][roi width], 0 elsewhere. Empty for a RoI without pixels.
std::vector<float> CropMask(const MaskView& mask, const PixelBox& gt_box,
                            const PixelBox& roi);

// CropMask resized to size x size (bilinear) and compared with thresh: 1 where
// >=, else 0. All 0 for a RoI without pixels.
std::vector<int8_t> MakeMaskTarget(const MaskView& mask, const PixelBox& gt_box,
                                   const PixelBox& roi, int size, float thresh);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TARGETS_MASK_TARGET_H_
