// The box of a mask's foreground.
#ifndef FCIS_DATA_TRANSFORM_MASK_EXTENT_H_
#define FCIS_DATA_TRANSFORM_MASK_EXTENT_H_

#include <cstdint>
#include <vector>

#include "fcis/core/geometry/pixel_box.h"

namespace fcis {

// Of a mask [height][width]: the smallest box around what is not 0; empty, all
// 0, when nothing is.
PixelBox MaskExtent(const std::vector<uint8_t>& mask, int height, int width);

}  // namespace fcis

#endif  // FCIS_DATA_TRANSFORM_MASK_EXTENT_H_
