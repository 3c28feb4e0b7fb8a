// Masks in a smaller size, from runs to runs.
#ifndef FCIS_CORE_RLE_RLE_RESIZE_H_
#define FCIS_CORE_RLE_RLE_RESIZE_H_

#include "fcis/core/rle/rle.h"

namespace fcis {

// The mask in another size, whose pixels are those that ResizeNearest
// (core/image/resize.h) picks. Time goes with runs and columns, not with
// pixels. height and width: from 1 to the mask's own.
Rle ShrinkRle(const Rle& rle, int height, int width);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_RESIZE_H_
