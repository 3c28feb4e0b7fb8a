#include "fcis/train/targets/ignored_area.h"

#include <algorithm>

#include "fcis/core/geometry/pixel_box.h"

namespace fcis::train {

IgnoredArea::IgnoredArea(const MaskView& mask)
    : height_(mask.height),
      width_(mask.width),
      sums_(static_cast<size_t>(mask.height + 1) * (mask.width + 1)) {
  const uint8_t* bit = mask.bits;
  int* above = sums_.data();
  for (int y = 0; y < height_; ++y) {
    int* const row = above + width_ + 1;
    int sum = 0;
    for (int x = 0; x < width_; ++x) {
      sum += *bit++;
      row[x + 1] = above[x + 1] + sum;
    }
    above = row;
  }
}

bool IgnoredArea::Covers(const Box& box) const {
  if (sums_.empty()) return false;
  PixelBox b = RoundBox(box);
  b = {std::clamp(b.x0, 0, width_), std::clamp(b.y0, 0, height_),
       std::clamp(b.x1, 0, width_), std::clamp(b.y1, 0, height_)};
  if (b.empty()) return false;
  const int64_t ignored = int64_t{Sum(b.y1, b.x1)} - Sum(b.y0, b.x1) -
                          Sum(b.y1, b.x0) + Sum(b.y0, b.x0);
  return 2 * ignored >= int64_t{b.width()} * b.height();
}

}  // namespace fcis::train
