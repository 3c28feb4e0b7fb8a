#include "fcis/core/base/large_vector.h"

#include <cstdint>
#include <numeric>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(LargeVectorTest, GrowsFromSmallToLarge) {
  constexpr uint64_t kSize = 1 << 20;
  LargeVector<uint64_t> numbers;
  for (uint64_t i = 0; i < kSize; ++i) numbers.push_back(i);
  EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), uint64_t{0}),
            kSize * (kSize - 1) / 2);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(numbers.data()) % (2 << 20), 0);
  numbers.resize(3);
  numbers.shrink_to_fit();
  EXPECT_EQ(numbers, LargeVector<uint64_t>({0, 1, 2}));
}

TEST(LargeVectorTest, ResizeLeavesTheNewUnset) {
  LargeVector<int> numbers(8, 7);
  numbers.resize(0);
  numbers.resize(8);
  EXPECT_EQ(numbers, LargeVector<int>(8, 7));
  numbers.resize(9, 1);
  EXPECT_EQ(numbers.back(), 1);
}

}  // namespace
}  // namespace fcis
