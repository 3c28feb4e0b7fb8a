#include "fcis/core/geometry/anchors.h"

#include <cmath>

namespace fcis {

// The arithmetic is in double, rounded once, as the reference's is.
RecycledVector<Box> AnchorBase(int base_size, absl::Span<const float> ratios,
                               absl::Span<const float> scales) {
  const double centre = base_size / 2.0;
  RecycledVector<Box> base;
  base.reserve(ratios.size() * scales.size());
  for (const double ratio : ratios) {
    for (const double scale : scales) {
      const double h = base_size * scale * std::sqrt(ratio);
      const double w = base_size * scale * std::sqrt(1.0 / ratio);
      base.push_back({static_cast<float>(centre - w / 2),
                      static_cast<float>(centre - h / 2),
                      static_cast<float>(centre + w / 2),
                      static_cast<float>(centre + h / 2)});
    }
  }
  return base;
}

RecycledVector<Box> ShiftedAnchors(absl::Span<const Box> base, int stride,
                                   int height, int width) {
  RecycledVector<Box> anchors;
  anchors.reserve(base.size() * height * width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const Box& b : base) {
        anchors.push_back(ShiftedAnchor(b, stride, y, x));
      }
    }
  }
  return anchors;
}

}  // namespace fcis
