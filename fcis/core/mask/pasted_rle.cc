#include "fcis/core/mask/pasted_rle.h"

#include "fcis/core/rle/rle_bitmap.h"

namespace fcis {

Rle PastedMaskToRle(const PastedMask& mask, int height, int width) {
  MaskPatch patch;
  patch.mask = mask.bits.data();
  patch.rows = mask.height;
  patch.columns = mask.width;
  patch.y = mask.y0;
  patch.x = mask.x0;
  return EncodePatch(patch, height, width);
}

}  // namespace fcis
