// Polygons and boxes to masks, pixel for pixel as pycocotools draws them.
#ifndef FCIS_CORE_RLE_RLE_POLYGON_H_
#define FCIS_CORE_RLE_RLE_POLYGON_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/rle/rle.h"

namespace fcis {

// The mask of one closed polygon, vertices x0, y0, x1, y1, ... in pixels; it
// may be degenerate, cross itself or leave the picture. An odd last number is
// dropped; no vertices, no foreground. InvalidArgument: a size that
// CheckMaskSize refuses; a coordinate that is not finite or beyond +-429496729
// (five times it must be an int).
absl::StatusOr<Rle> PolygonToRle(absl::Span<const double> xy, int64_t height,
                                 int64_t width);

// One mask per part of a COCO "segmentation". As pycocotools' frPyObjects has
// it, the first part must have more than four numbers (else InvalidArgument, as
// for no parts), the others may have any.
absl::StatusOr<std::vector<Rle>> PolygonsToRles(
    absl::Span<const std::vector<double>> parts, int64_t height, int64_t width);

// The mask of a box that is drawn as the polygon of its corners.
absl::StatusOr<Rle> BoxToRle(const XywhBox& box, int64_t height, int64_t width);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_POLYGON_H_
