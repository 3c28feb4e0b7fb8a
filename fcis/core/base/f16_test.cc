#include "fcis/core/base/f16.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// What a half stands for, from the definition of the format.
double ValueOf(uint32_t bits) {
  const double sign = bits & 0x8000u ? -1 : 1;
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  if (exponent == 31) return fraction == 0 ? sign * kInfinity : NAN;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

// The nearest number with 11 bits whose last is worth at least 2^-24; ties to
// even by the rounding mode that programs start with.
double Nearest(float value) {
  const int last = std::max(std::ilogb(value) - 10, -24);
  const double nearest =
      std::ldexp(std::nearbyint(std::ldexp(value, -last)), last);
  return std::fabs(nearest) > 65504 ? std::copysign(kInfinity, value) : nearest;
}

TEST(F16, EveryValueIsTheFormats) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float value = FromF16({static_cast<uint16_t>(bits)});
    if (std::isnan(ValueOf(bits))) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      EXPECT_EQ(ToF16(value).bits, bits | 0x200u);  // quiet
    } else {
      EXPECT_EQ(value, ValueOf(bits)) << bits;
      EXPECT_EQ(std::signbit(value), bits > 0x7FFF) << bits;
      EXPECT_EQ(ToF16(value).bits, bits);
    }
  }
}

// Halfway between all neighbours, and the floats next to there.
TEST(F16, RoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7C00; ++bits) {
    const double above = bits == 0x7BFF ? 65536 : ValueOf(bits + 1);
    const float middle = static_cast<float>((ValueOf(bits) + above) / 2);
    for (const float value : {middle, std::nextafter(middle, 0.0f),
                              std::nextafter(middle, kInfinity)}) {
      EXPECT_EQ(FromF16(ToF16(value)), Nearest(value)) << value;
      EXPECT_EQ(FromF16(ToF16(-value)), Nearest(-value)) << value;
    }
    EXPECT_EQ(ToF16(middle).bits % 2, 0) << middle;
  }
}

TEST(F16, KnownRoundings) {
  EXPECT_EQ(ToF16(1.0f).bits, 0x3C00);
  EXPECT_EQ(ToF16(-2.0f).bits, 0xC000);
  EXPECT_EQ(ToF16(0.1f).bits, 0x2E66);
  EXPECT_EQ(ToF16(65504.0f).bits, 0x7BFF);
  EXPECT_EQ(ToF16(65519.996f).bits, 0x7BFF);
  EXPECT_EQ(ToF16(65520.0f).bits, 0x7C00);
  EXPECT_EQ(ToF16(-1e30f).bits, 0xFC00);
  EXPECT_EQ(ToF16(kInfinity).bits, 0x7C00);
  EXPECT_EQ(ToF16(std::ldexp(1.0f, -14)).bits, 0x0400);
  EXPECT_EQ(ToF16(std::ldexp(1.0f, -24)).bits, 0x0001);
  EXPECT_EQ(ToF16(std::ldexp(1.0f, -25)).bits, 0x0000);  // tie: to even
  EXPECT_EQ(ToF16(std::ldexp(1.5f, -25)).bits, 0x0001);
  EXPECT_EQ(ToF16(std::ldexp(-3.0f, -25)).bits, 0x8002);  // tie: to even
  EXPECT_EQ(ToF16(std::numeric_limits<float>::denorm_min()).bits, 0);
  EXPECT_EQ(ToF16(-0.0f).bits, 0x8000);
}

}  // namespace
}  // namespace fcis
