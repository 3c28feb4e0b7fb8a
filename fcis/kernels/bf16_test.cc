#include "fcis/kernels/bf16.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

TEST(Bf16, EveryValueSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    const float value = FromBf16(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FromBf16(ToBf16(value))));
    } else {
      EXPECT_EQ(ToBf16(value), bits);
    }
  }
}

TEST(Bf16, RoundsToNearestEven) {
  EXPECT_EQ(ToBf16(1.0f), 0x3F80);
  EXPECT_EQ(ToBf16(1.0f + 1.0f / 256), 0x3F80);  // tie: down to even
  EXPECT_EQ(ToBf16(1.0f + 3.0f / 256), 0x3F82);  // tie: up to even
  EXPECT_EQ(ToBf16(1.0f + 1.1f / 256), 0x3F81);
  EXPECT_EQ(ToBf16(std::numeric_limits<float>::max()), 0x7F80);
}

}  // namespace
}  // namespace fcis::kernels
