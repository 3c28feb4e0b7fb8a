#include "fcis/core/page/page.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/core/rle/rle_bitmap.h"
#include "fcis/core/rle/rle_string.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MakePageTest, PutsPartsInPlace) {
  const std::string page = MakePage(
      "\n<!DOCTYPE html><style>@STYLE@</style><script "
      "type=\"application/json\">"
      "@DATA@</script><script>@SCRIPT@</script>",
      R"js({"name":"</script><script>alert(1)","mark":"@STYLE@"})js");
  EXPECT_THAT(page, ::testing::StartsWith("<!DOCTYPE html><style>\n/* What"));
  EXPECT_THAT(page, HasSubstr("function drawInstances("));
  EXPECT_THAT(page, HasSubstr("\\u003c/script>\\u003cscript>alert(1)"));
  // What looks like a mark in the data stays.
  EXPECT_THAT(page, HasSubstr("\"mark\":\"@STYLE@\""));
  EXPECT_THAT(page, Not(HasSubstr("@DATA@")));
}

// The script takes a mask apart as rle_string.h does.
TEST(MakePageTest, ScriptReadsMasks) {
  if (std::system("node --version > /dev/null 2>&1") != 0) {
    GTEST_SKIP() << "no node";
  }
  constexpr int kHeight = 37, kWidth = 53;
  std::string mask, wanted;
  for (int i = 0; i < kHeight * kWidth; ++i) {
    mask.push_back((i / kWidth + i % kWidth * 3) % 17 < 5 + i / 300);
    wanted.push_back(mask.back() ? '1' : '0');
  }
  const Rle rle = EncodeRowMajor(reinterpret_cast<const uint8_t*>(mask.data()),
                                 kHeight, kWidth);
  std::string counts;
  for (const char c : RleCountsToString(rle.counts)) {
    absl::StrAppend(&counts, c == '\\' ? "\\\\" : std::string(1, c));
  }
  const std::string directory = ::testing::TempDir();
  ASSERT_TRUE(
      WriteFileAtomic(absl::StrCat(directory, "/masks.js"),
                      MakePage(absl::StrCat("@SCRIPT@\nprocess.stdout.write("
                                            "maskPixels('",
                                            counts, "', [", kHeight, ", ",
                                            kWidth, "]).join(''))\n"),
                               ""))
          .ok());
  ASSERT_EQ(std::system(
                absl::StrCat("cd ", directory, " && node masks.js > masks.txt")
                    .c_str()),
            0);
  EXPECT_EQ(*ReadFile(absl::StrCat(directory, "/masks.txt")), wanted);
}

}  // namespace
}  // namespace fcis
