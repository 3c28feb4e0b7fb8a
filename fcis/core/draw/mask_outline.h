// The outline of an instance.
#ifndef FCIS_CORE_DRAW_MASK_OUTLINE_H_
#define FCIS_CORE_DRAW_MASK_OUTLINE_H_

#include <cstdint>
#include <vector>

#include "fcis/core/mask/paste.h"

namespace fcis {

// 1 for the mask's pixels that have something else (or the border of the
// mask's box) at most `thickness` (>= 1) steps away, up, down, left or right;
// [height][width] as mask.bits.
std::vector<uint8_t> MaskOutline(const PastedMask& mask, int thickness);

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_MASK_OUTLINE_H_
