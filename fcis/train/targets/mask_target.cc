#include "fcis/train/targets/mask_target.h"

#include <algorithm>

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

}  // namespace fcis::train
