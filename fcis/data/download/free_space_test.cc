#include "fcis/data/download/free_space.h"

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(FreeSpaceTest, NamesWhatIsMissing) {
  const std::string file = ::testing::TempDir() + "/not_there";
  EXPECT_TRUE(CheckFreeSpace(file, 1).ok());
  EXPECT_TRUE(CheckFreeSpace(::testing::TempDir(), 1).ok());
  const absl::Status full =
      CheckFreeSpace(file, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(full.ToString(), ::testing::HasSubstr(file));
  EXPECT_TRUE(CheckFreeSpace("/no/such/file", 1).ok());
}

TEST(FreeSpaceTest, Sizes) {
  EXPECT_EQ(SizeText(0), "0 bytes");
  EXPECT_EQ(SizeText(999), "999 bytes");
  EXPECT_EQ(SizeText(252872794), "252.9 MB");
  EXPECT_EQ(SizeText(13510573713), "13.5 GB");
}

}  // namespace
}  // namespace fcis::data
