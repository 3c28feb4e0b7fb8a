#include "fcis/core/base/peak_memory.h"

#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(PeakResidentBytesTest, CountsWhatWasTouchedAndGivenBack) {
  const int64_t before = PeakResidentBytes();
  EXPECT_GT(before, 0);
  constexpr size_t kBytes = size_t{256} << 20;
  {
    std::vector<char> touched(kBytes, 1);
    EXPECT_EQ(touched.back(), 1);
  }
  // The program's own use may have sunk in between, by far less.
  EXPECT_GT(PeakResidentBytes(), before + static_cast<int64_t>(kBytes) / 2);
}

}  // namespace
}  // namespace fcis
