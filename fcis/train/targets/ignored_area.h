// Where nothing may be taken for background: crowds and what annotations mark
// as ignored.
#ifndef FCIS_TRAIN_TARGETS_IGNORED_AREA_H_
#define FCIS_TRAIN_TARGETS_IGNORED_AREA_H_

#include <cstdint>
#include <vector>

#include "fcis/core/geometry/box.h"
#include "fcis/train/targets/mask_target.h"

namespace fcis::train {

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

#endif  // FCIS_TRAIN_TARGETS_IGNORED_AREA_H_
