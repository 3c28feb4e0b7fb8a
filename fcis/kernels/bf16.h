// bfloat16: the upper half of a float. A Tensor holds its bits as uint16_t.
// Also the access to elements of all types of feature maps.
#ifndef FCIS_KERNELS_BF16_H_
#define FCIS_KERNELS_BF16_H_

#include <cstdint>
#include <cstring>

#include "fcis/core/base/f16.h"
#include "fcis/core/base/host_device.h"

namespace fcis::kernels {

FCIS_HD inline float FromBf16(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  memcpy(&value, &wide, sizeof(value));
  return value;
}

// Round to nearest, ties to even; NaN stays NaN (quiet).
FCIS_HD inline uint16_t ToBf16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) {
    return static_cast<uint16_t>(bits >> 16 | 0x40u);
  }
  return static_cast<uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

// Element access by type, for kernels templated on it.
FCIS_HD inline float LoadF32(float value) { return value; }
FCIS_HD inline float LoadF32(uint16_t bits) { return FromBf16(bits); }
FCIS_HD inline float LoadF32(Half half) { return FromF16(half); }
FCIS_HD inline void StoreF32(float value, float* to) { *to = value; }
FCIS_HD inline void StoreF32(float value, uint16_t* to) { *to = ToBf16(value); }
FCIS_HD inline void StoreF32(float value, Half* to) { *to = ToF16(value); }

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BF16_H_
