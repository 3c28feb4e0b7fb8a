// IEEE half precision: 11 bits of significand, values up to 65504 and, with
// fewer bits, down to 2^-24.
#ifndef FCIS_CORE_BASE_F16_H_
#define FCIS_CORE_BASE_F16_H_

#include <cstdint>
#include <cstring>

#include "fcis/core/base/host_device.h"

namespace fcis {

// What memory holds.
struct Half {
  uint16_t bits;
};

// Exact; NaN becomes quiet.
FCIS_HD inline float FromF16(Half half) {
  const uint32_t sign = static_cast<uint32_t>(half.bits & 0x8000u) << 16;
  const uint32_t exponent = half.bits >> 10 & 31u;
  const uint32_t fraction = half.bits & 1023u;
  if (exponent == 0) {  // zero and subnormal: fraction * 2^-24
    const float value = static_cast<float>(fraction) / (1 << 24);
    return sign != 0 ? -value : value;
  }
  uint32_t bits = sign | (exponent + 112u) << 23 | fraction << 13;
  if (exponent == 31) bits = sign | 0x7F800000u | fraction << 13;
  if (exponent == 31 && fraction != 0) bits |= 0x400000u;
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

// Round to nearest, ties to even; from 65520 on infinity; NaN stays NaN
// (quiet).
FCIS_HD inline Half ToF16(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof(bits));
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  uint32_t rounded;
  if (magnitude > 0x7F800000u) {
    rounded = 0x7E00u | (magnitude >> 13 & 0x3FFu);
  } else if (magnitude >= 0x477FF000u) {  // 65520
    rounded = 0x7C00u;
  } else if (magnitude < 0x38800000u) {  // below 2^-14: subnormal
    // Numbers from 0.5 on are multiples of 2^-24, as subnormal halves are: the
    // addition rounds.
    constexpr float kHalf = 0.5f;
    float sum;
    memcpy(&sum, &magnitude, sizeof(sum));
    sum += kHalf;
    uint32_t sum_bits, half_bits;
    memcpy(&sum_bits, &sum, sizeof(sum_bits));
    memcpy(&half_bits, &kHalf, sizeof(half_bits));
    rounded = sum_bits - half_bits;
  } else {
    rounded = (magnitude - 0x38000000u + 0xFFFu + (magnitude >> 13 & 1u)) >> 13;
  }
  return {static_cast<uint16_t>(sign | rounded)};
}

}  // namespace fcis

#endif  // FCIS_CORE_BASE_F16_H_
