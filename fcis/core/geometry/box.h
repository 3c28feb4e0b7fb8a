// Box: a half-open rectangle in pixels, x0 <= x < x1 and y0 <= y < y1. Files
// in other conventions (yxyx, inclusive, xywh) are converted where they are
// read, nowhere else.
#ifndef FCIS_CORE_GEOMETRY_BOX_H_
#define FCIS_CORE_GEOMETRY_BOX_H_

#include "fcis/core/base/host_device.h"

namespace fcis {

struct Box {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;

  FCIS_HD float width() const { return x1 - x0; }
  FCIS_HD float height() const { return y1 - y0; }
  FCIS_HD float area() const { return height() * width(); }

  friend bool operator==(const Box& a, const Box& b) {
    return a.x0 == b.x0 && a.y0 == b.y0 && a.x1 == b.x1 && a.y1 == b.y1;
  }
};

FCIS_HD inline float MinF(float a, float b) { return b < a ? b : a; }
FCIS_HD inline float MaxF(float a, float b) { return a < b ? b : a; }

// Intersection over union, no +1 in the widths. Two empty boxes: 0/0 = NaN,
// which no threshold comparison accepts (chainercv bbox_iou). Computed as
// inter / (a + b - inter) in float32 without contraction: "ties at the best
// IoU" in target assignment are float32 equalities.
FCIS_HD inline float IoU(const Box& a, const Box& b) {
  const float x0 = MaxF(a.x0, b.x0);
  const float y0 = MaxF(a.y0, b.y0);
  const float x1 = MinF(a.x1, b.x1);
  const float y1 = MinF(a.y1, b.y1);
  const float inter = (y0 < y1 && x0 < x1) ? (y1 - y0) * (x1 - x0) : 0.0f;
  return inter / (a.area() + b.area() - inter);
}

FCIS_HD inline float Clamp(float v, float lo, float hi) {
  return MinF(MaxF(v, lo), hi);
}

// The part of the box inside [0, width] x [0, height].
FCIS_HD inline Box ClipBox(const Box& b, float width, float height) {
  return {Clamp(b.x0, 0.0f, width), Clamp(b.y0, 0.0f, height),
          Clamp(b.x1, 0.0f, width), Clamp(b.y1, 0.0f, height)};
}

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_BOX_H_
