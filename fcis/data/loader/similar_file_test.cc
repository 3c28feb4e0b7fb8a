#include "fcis/data/loader/similar_file.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/record_id.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(FoldFileNameTest, NamesThatAreTakenForEachOther) {
  EXPECT_EQ(FoldFileName("a%20b.PNG"), "a b.png");
  EXPECT_EQ(FoldFileName("100% ok.png"), "100% ok.png");
  EXPECT_EQ(FoldFileName("\u00e9clair.png"), "eclair.png");   // one character
  EXPECT_EQ(FoldFileName("e\u0301clair.png"), "eclair.png");  // two
  EXPECT_EQ(FoldFileName("\u00c9CLAIR.png"), "eclair.png");
  EXPECT_EQ(FoldFileName("\u017c\u00f3\u0142w"), "zolw");
  EXPECT_NE(FoldFileName("\u4e00.png"), FoldFileName("\u4e8c.png"));
}

TEST(SimilarFileTest, Case38FileNames) {
  const std::string dir = absl::StrCat(testing::TempDir(), "/similar");
  std::filesystem::create_directories(dir + "/images");
  for (const char* name :
       {"/a b.png", "/F.PNG", "/e\u0301clair.png", "/images/a.png"}) {
    ASSERT_TRUE(WriteFileAtomic(dir + name, "").ok());
  }
  const auto similar = [&](const std::string& name) {
    const std::string found = SimilarFile(absl::StrCat(dir, "/", name));
    return found.empty() ? found : found.substr(dir.size() + 1);
  };
  EXPECT_EQ(similar("a%20b.png"), "a b.png");
  EXPECT_EQ(similar("f.png"), "F.PNG");
  EXPECT_EQ(similar("\u00e9clair.png"), "e\u0301clair.png");
  EXPECT_EQ(similar("images\\a.png"), "images/a.png");
  EXPECT_EQ(similar("http://host/F.PNG"), "F.PNG");
  EXPECT_EQ(similar("13.png"), "");
  EXPECT_EQ(similar("nowhere/at/all.png"), "");
}

TEST(WhyUnreadableTest, NamesWhatIsWrong) {
  const std::string dir = absl::StrCat(testing::TempDir(), "/unreadable");
  std::filesystem::create_directories(dir + "/folder.png");
  ASSERT_TRUE(WriteFileAtomic(dir + "/a.png", "").ok());
  EXPECT_EQ(WhyUnreadable(dir + "/a.png"), "");
  EXPECT_EQ(WhyUnreadable(dir + "/"), "it has no \"file_name\"");
  EXPECT_EQ(WhyUnreadable(dir + "/folder.png"), "it is a directory");
  EXPECT_EQ(DescribeUnreadable(RecordId("x"), dir + "/A.png"),
            absl::StrCat("image id \"x\": ", dir,
                         "/A.png: No such file or directory; there is ", dir,
                         "/a.png"));
}

}  // namespace
}  // namespace fcis::data
