#include "fcis/train/targets/mask_target.h"

#include <algorithm>

#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/resize.h"

namespace fcis::train {

std::vector<float> CropMask(const MaskView& mask, const PixelBox& gt_box,
                            const PixelBox& roi) {
  if (roi.empty()) return {};
  std::vector<float> crop(static_cast<size_t>(roi.width()) * roi.height());
  const int x0 = std::max({roi.x0, gt_box.x0, 0});
  const int y0 = std::max({roi.y0, gt_box.y0, 0});
  const int x1 = std::min({roi.x1, gt_box.x1, mask.width});
  const int y1 = std::min({roi.y1, gt_box.y1, mask.height});
  for (int y = y0; y < y1; ++y) {
    const int64_t row = static_cast<int64_t>(y) * mask.width;
    float* out = &crop[static_cast<size_t>(y - roi.y0) * roi.width()];
    for (int x = x0; x < x1; ++x) {
      out[x - roi.x0] =
          mask.values != nullptr ? mask.values[row + x] : mask.bits[row + x];
    }
  }
  return crop;
}

std::vector<int8_t> MakeMaskTarget(const MaskView& mask, const PixelBox& gt_box,
                                   const PixelBox& roi, int size,
                                   float thresh) {
  std::vector<int8_t> target(static_cast<size_t>(size) * size, 0);
  const std::vector<float> crop = CropMask(mask, gt_box, roi);
  if (crop.empty()) return target;
  std::vector<float> resized(target.size());
  ResizeBilinear(crop.data(), roi.height(), roi.width(), resized.data(), size,
                 size);
  for (size_t i = 0; i < target.size(); ++i) target[i] = resized[i] >= thresh;
  return target;
}

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
