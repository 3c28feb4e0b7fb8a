#include "fcis/core/image/column_mixer.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/counter_rng.h"
#include "fcis/core/image/resize.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr int kChannels = 3;

// Widths up and down, near and far, and those that fill no block.
TEST(ColumnMixerTest, MixesTwoNeighbours) {
  constexpr float kNotUsed = 1e30f, kUntouched = -7.0f;
  const int widths[][2] = {{640, 800},  {640, 1000}, {500, 333}, {1000, 100},
                           {1000, 999}, {7, 7},      {1, 9},     {9, 1},
                           {2, 1},      {3, 64},     {33, 21}};
  for (const auto& width : widths) {
    const int in = width[0], out = width[1];
    const auto taps = BilinearTaps(in, out);
    for (const bool mirrored : {false, true}) {
      SCOPED_TRACE(testing::Message() << in << " to " << out << mirrored);
      const ColumnMixer mixer(in, out, mirrored);
      std::vector<float> from(mixer.source_size(), kNotUsed);
      ASSERT_GE(mixer.source_size(), in * kChannels);
      for (int i = 0; i < in * kChannels; ++i) {
        from[i] = static_cast<float>(RngBits(RngKey("row", 0), i) % 256);
      }
      std::vector<float> got(out * kChannels + 1, kUntouched);
      mixer.Run(from.data(), got.data());
      for (int x = 0; x < out; ++x) {
        const BilinearTap& t = taps[mirrored ? out - 1 - x : x];
        const int next = std::min(t.index + 1, in - 1);
        for (int c = 0; c < kChannels; ++c) {
          ASSERT_EQ(got[x * kChannels + c],
                    Lerp(from[t.index * kChannels + c],
                         from[next * kChannels + c], t.fraction))
              << x;
        }
      }
      EXPECT_EQ(got.back(), kUntouched);
    }
  }
}

}  // namespace
}  // namespace fcis
