// Box deltas: a box relative to another one (Faster R-CNN, section 3.1.2;
// chainercv bbox2loc / loc2bbox). Deltas are not normalised here.
#ifndef FCIS_CORE_GEOMETRY_BOX_CODER_H_
#define FCIS_CORE_GEOMETRY_BOX_CODER_H_

#include <cfloat>
#include <cmath>

#include "fcis/core/base/host_device.h"
#include "fcis/core/geometry/box.h"

namespace fcis {

// Shift of the centre in units of the source's size, and log of the ratio of
// sizes; in the order in which the network's channels hold them.
struct BoxDelta {
  float dy = 0, dx = 0, dh = 0, dw = 0;
};

// The box that `delta` makes of `src`. There is no limit on dh and dw: far out
// sizes become infinite, as in the reference.
FCIS_HD inline Box DecodeBox(const Box& src, const BoxDelta& delta) {
  const float src_h = src.height();
  const float src_w = src.width();
  const float y = delta.dy * src_h + (src.y0 + 0.5f * src_h);
  const float x = delta.dx * src_w + (src.x0 + 0.5f * src_w);
  const float h = expf(delta.dh) * src_h;
  const float w = expf(delta.dw) * src_w;
  return {x - 0.5f * w, y - 0.5f * h, x + 0.5f * w, y + 0.5f * h};
}

// The delta that makes `dst` of `src`. Sides of src under FLT_EPSILON count as
// FLT_EPSILON; an empty dst gives -inf sizes.
FCIS_HD inline BoxDelta EncodeBox(const Box& src, const Box& dst) {
  const float src_h = src.height();
  const float src_w = src.width();
  const float src_y = src.y0 + 0.5f * src_h;
  const float src_x = src.x0 + 0.5f * src_w;
  const float dst_h = dst.height();
  const float dst_w = dst.width();
  const float dst_y = dst.y0 + 0.5f * dst_h;
  const float dst_x = dst.x0 + 0.5f * dst_w;
  const float h = MaxF(src_h, FLT_EPSILON);
  const float w = MaxF(src_w, FLT_EPSILON);
  return {(dst_y - src_y) / h, (dst_x - src_x) / w, logf(dst_h / h),
          logf(dst_w / w)};
}

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_BOX_CODER_H_
