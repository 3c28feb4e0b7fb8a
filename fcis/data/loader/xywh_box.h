// From the boxes of COCO's files to ours.
#ifndef FCIS_DATA_LOADER_XYWH_BOX_H_
#define FCIS_DATA_LOADER_XYWH_BOX_H_

#include "fcis/core/geometry/box.h"
#include "fcis/core/rle/rle.h"

namespace fcis::data {

// Rounded to float before the sum, as numpy does in the reference.
inline Box BoxFromXywh(const XywhBox& box) {
  const float x = static_cast<float>(box.x), y = static_cast<float>(box.y);
  return {x, y, x + static_cast<float>(box.width),
          y + static_cast<float>(box.height)};
}

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_XYWH_BOX_H_
