// A pasted mask as run lengths of its picture.
#ifndef FCIS_CORE_MASK_PASTED_RLE_H_
#define FCIS_CORE_MASK_PASTED_RLE_H_

#include "fcis/core/mask/paste.h"
#include "fcis/core/rle/rle.h"

namespace fcis {

// The picture has height x width pixels.
Rle PastedMaskToRle(const PastedMask& mask, int height, int width);

}  // namespace fcis

#endif  // FCIS_CORE_MASK_PASTED_RLE_H_
