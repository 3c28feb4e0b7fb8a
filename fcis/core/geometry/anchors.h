// Anchors: the reference boxes of the RPN (Faster R-CNN, section 3.1.1;
// chainercv generate_anchor_base).
#ifndef FCIS_CORE_GEOMETRY_ANCHORS_H_
#define FCIS_CORE_GEOMETRY_ANCHORS_H_

#include <vector>

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"

namespace fcis {

// The anchors of the map's first pixel: centred at base_size / 2, not rounded,
// height = base_size * scale * sqrt(ratio), width = base_size * scale *
// sqrt(1 / ratio). Index = ratio index * number of scales + scale index.
std::vector<Box> AnchorBase(int base_size, absl::Span<const float> ratios,
                            absl::Span<const float> scales);

// The anchors of a map of height x width pixels, `stride` input pixels apart;
// order: y, x, anchor index. Empty for an empty map.
std::vector<Box> ShiftedAnchors(absl::Span<const Box> base, int stride,
                                int height, int width);

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_ANCHORS_H_
