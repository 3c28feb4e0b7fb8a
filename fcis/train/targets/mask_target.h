// Mask targets: the ground truth's mask as a RoI sees it (docs/reference.md,
// Training 7).
#ifndef FCIS_TRAIN_TARGETS_MASK_TARGET_H_
#define FCIS_TRAIN_TARGETS_MASK_TARGET_H_

#include <cstdint>
#include <vector>

#include "fcis/core/geometry/box.h"
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

// Where nothing may be taken for background: crowds and what annotations mark
// as ignored.
class IgnoredArea {
 public:
  // Nothing is ignored.
  IgnoredArea() = default;
  // The pixels that are 1.
  explicit IgnoredArea(const MaskView& mask);

  // Whether at least half of the box's pixels (rounded, clipped to the picture)
  // are ignored; false for a box without pixels.
  bool Covers(const Box& box) const;

 private:
  int Sum(int y, int x) const {
    return sums_[static_cast<size_t>(y) * (width_ + 1) + x];
  }

  int height_ = 0, width_ = 0;
  // [height + 1][width + 1]: ignored pixels above and to the left.
  std::vector<int> sums_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TARGETS_MASK_TARGET_H_
