#include "fcis/data/json/utf8.h"

#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(Utf8Test, OnlyWhatIsNoneChanges) {
  EXPECT_TRUE(IsUtf8("caf\xc3\xa9.jpg"));
  EXPECT_EQ(ValidUtf8("caf\xc3\xa9.jpg"), "caf\xc3\xa9.jpg");
  EXPECT_FALSE(IsUtf8("caf\xe9.jpg"));
  EXPECT_EQ(ValidUtf8("caf\xe9.jpg"), "caf?.jpg");
  EXPECT_FALSE(IsUtf8("\xc3"));
  EXPECT_EQ(ValidUtf8("\xc3"), "?");
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_EQ(ValidUtf8(""), "");
}

}  // namespace
}  // namespace fcis::data
