#include "fcis/core/base/counter_rng.h"

#include "gtest/gtest.h"

namespace fcis {
namespace {

// The numbers are some of the fixture weights.npz (docs/reference.md, Sampler
// and deterministic weights 1 and 2).
TEST(CounterRng, Mix64) {
  EXPECT_EQ(Mix64(0), 0u);
  EXPECT_EQ(Mix64(1), 0x5692161d100b05e5u);
  EXPECT_EQ(Mix64(kGoldenGamma), 0xe220a8397b1dcdafu);
  EXPECT_EQ(Mix64(977 * kGoldenGamma), 0xebc80a0626163999u);
}

TEST(CounterRng, KeysAndNumbers) {
  EXPECT_EQ(Fnv1a64("a"), 0xaf63dc4c8601ec8cu);
  const uint64_t key = RngKey("head/psroi_conv2/W", 1);
  EXPECT_EQ(key, 0x9e44cc02481187ffu);
  EXPECT_EQ(RngBits(key, 0), 0xd2b2c0ae95a3f3f9u);
  EXPECT_EQ(RngBits(key, 1), 0x256171fbe75414a5u);
  EXPECT_EQ(RngSymmetric(key, 0), 0.6460800170898438f);
  EXPECT_EQ(RngSymmetric(key, 1), -0.7079638242721558f);
  EXPECT_EQ(RngSymmetric(key, 2), 0.6200486421585083f);
}

TEST(CounterRng, Range) {
  for (uint64_t i = 0; i < 10000; ++i) {
    const float v = RngSymmetric(i, i);
    EXPECT_GE(v, -1.0f);
    EXPECT_LT(v, 1.0f);
  }
}

}  // namespace
}  // namespace fcis
