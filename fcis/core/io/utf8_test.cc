#include "fcis/core/io/utf8.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
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

// No byte beyond the text is read; with the sanitizers it would show.
TEST(Utf8Test, LettersThatTheEndCutsOff) {
  for (const char first : {'\xc3', '\xe2', '\xf1'}) {
    for (size_t size = 1; size < 40; ++size) {
      const std::string text = std::string(size - 1, 'a') + first;
      const std::vector<char> exact(text.begin(), text.end());
      EXPECT_FALSE(IsUtf8({exact.data(), exact.size()})) << size;
    }
  }
}

}  // namespace
}  // namespace fcis
