// Colours that tell instances apart.
#ifndef FCIS_CORE_DRAW_PALETTE_H_
#define FCIS_CORE_DRAW_PALETTE_H_

#include <cstdint>

namespace fcis {

struct Color {
  uint8_t r = 0, g = 0, b = 0;

  friend bool operator==(const Color& a, const Color& b) {
    return a.r == b.r && a.g == b.g && a.b == b.b;
  }
};

// The colour of instance `index` (>= 0) of a picture. The first seven are those
// of Okabe and Ito, which colour-blind people tell apart too; then come hues
// that lie far from the ones before, at changing brightness. The same index
// always has the same colour.
Color InstanceColor(int index);

// Black or white, whichever reads better on `background`.
Color TextColorOn(const Color& background);

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_PALETTE_H_
