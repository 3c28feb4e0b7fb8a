// Anchors: the reference boxes of the RPN (Faster R-CNN, section 3.1.1;
// chainercv generate_anchor_base).
#ifndef FCIS_CORE_GEOMETRY_ANCHORS_H_
#define FCIS_CORE_GEOMETRY_ANCHORS_H_

#include "absl/types/span.h"
#include "fcis/core/base/host_device.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/block_cache.h"

namespace fcis {

// The anchors of the map's first pixel: centred at base_size / 2, not rounded,
// height = base_size * scale * sqrt(ratio), width = base_size * scale *
// sqrt(1 / ratio). Index = ratio index * number of scales + scale index.
RecycledVector<Box> AnchorBase(int base_size, absl::Span<const float> ratios,
                               absl::Span<const float> scales);

// An anchor of the map's first pixel, at pixel (y, x) of a map whose pixels are
// `stride` input pixels apart.
FCIS_HD inline Box ShiftedAnchor(const Box& base, int stride, int y, int x) {
  const double dy = static_cast<double>(y) * stride;
  const double dx = static_cast<double>(x) * stride;
  return {static_cast<float>(base.x0 + dx), static_cast<float>(base.y0 + dy),
          static_cast<float>(base.x1 + dx), static_cast<float>(base.y1 + dy)};
}

// The anchors of a map of height x width pixels, `stride` input pixels apart;
// order: y, x, anchor index. Empty for an empty map.
RecycledVector<Box> ShiftedAnchors(absl::Span<const Box> base, int stride,
                                   int height, int width);

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_ANCHORS_H_
