// The box of a mask's foreground.
#ifndef FCIS_DATA_TRANSFORM_MASK_EXTENT_H_
#define FCIS_DATA_TRANSFORM_MASK_EXTENT_H_

#include <cstdint>
#include <vector>

#include "fcis/core/geometry/pixel_box.h"

namespace fcis::data {

// Of a mask [height][width] of 0 and 1: the smallest box around the 1s; empty,
// all 0, without any.
PixelBox MaskExtent(const std::vector<uint8_t>& mask, int height, int width);

}  // namespace fcis::data

#endif  // FCIS_DATA_TRANSFORM_MASK_EXTENT_H_
