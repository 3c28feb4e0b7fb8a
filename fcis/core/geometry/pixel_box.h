// PixelBox: a rectangle of whole pixels, half-open.
#ifndef FCIS_CORE_GEOMETRY_PIXEL_BOX_H_
#define FCIS_CORE_GEOMETRY_PIXEL_BOX_H_

#include <cmath>

#include "fcis/core/base/host_device.h"
#include "fcis/core/geometry/box.h"

namespace fcis {

struct PixelBox {
  int x0 = 0, y0 = 0, x1 = 0, y1 = 0;

  FCIS_HD int width() const { return x1 - x0; }
  FCIS_HD int height() const { return y1 - y0; }
  FCIS_HD bool empty() const { return x1 <= x0 || y1 <= y0; }

  friend bool operator==(const PixelBox& a, const PixelBox& b) {
    return a.x0 == b.x0 && a.y0 == b.y0 && a.x1 == b.x1 && a.y1 == b.y1;
  }
};

// The corners rounded half to even, as numpy rounds. They must be finite and
// within the range of int.
FCIS_HD inline PixelBox RoundBox(const Box& b) {
  return {static_cast<int>(rintf(b.x0)), static_cast<int>(rintf(b.y0)),
          static_cast<int>(rintf(b.x1)), static_cast<int>(rintf(b.y1))};
}

FCIS_HD inline Box ToBox(const PixelBox& b) {
  return {static_cast<float>(b.x0), static_cast<float>(b.y0),
          static_cast<float>(b.x1), static_cast<float>(b.y1)};
}

// The smallest box around both; an empty one counts for nothing.
FCIS_HD inline PixelBox UnionBox(const PixelBox& a, const PixelBox& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {a.x0 < b.x0 ? a.x0 : b.x0, a.y0 < b.y0 ? a.y0 : b.y0,
          a.x1 > b.x1 ? a.x1 : b.x1, a.y1 > b.y1 ? a.y1 : b.y1};
}

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_PIXEL_BOX_H_
