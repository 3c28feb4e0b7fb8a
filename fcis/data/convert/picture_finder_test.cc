#include "fcis/data/convert/picture_finder.h"

#include <filesystem>
#include <string>
#include <vector>

#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

class PictureFinderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = (fs::path(::testing::TempDir()) / "finder").string();
    for (const char* name :
         {"train/a.jpg", "val/a.jpg", "b.JPG", "c.txt", ".hidden/d.jpg",
          "__MACOSX/b.JPG", "e.x.png", "two words.png", "f.webp"}) {
      const fs::path path = fs::path(root_) / name;
      fs::create_directories(path.parent_path());
      ASSERT_TRUE(WriteFileAtomic(path.string(), "x").ok());
    }
    files_ = *ListFiles(root_);
  }

  std::string Below(const std::string& name) const {
    return root_ + "/" + name;
  }

  std::string root_;
  std::vector<std::string> files_;
};

TEST_F(PictureFinderTest, ListsWhatIsNotHidden) {
  EXPECT_THAT(files_,
              ElementsAre(Below("b.JPG"), Below("c.txt"), Below("e.x.png"),
                          Below("f.webp"), Below("train/a.jpg"),
                          Below("two words.png"), Below("val/a.jpg")));
  EXPECT_THAT(*ListFiles(Below("c.txt")), ElementsAre(Below("c.txt")));
  EXPECT_FALSE(ListFiles(Below("none")).ok());
  EXPECT_TRUE(ListFiles(root_, 7).ok());
  EXPECT_THAT(ListFiles(root_, 6).status().message(),
              HasSubstr("more than 6 files"));
}

TEST_F(PictureFinderTest, FindsWhatIsMeant) {
  const PictureFinder finder({root_}, files_);
  EXPECT_EQ(*finder.Find("b.JPG", ""), Below("b.JPG"));
  EXPECT_EQ(*finder.Find("..\\b.JPG", Below("train")), Below("b.JPG"));
  EXPECT_EQ(*finder.Find("a.jpg", Below("val")), Below("val/a.jpg"));
  EXPECT_EQ(*finder.Find("/elsewhere/train/a.jpg", ""), Below("train/a.jpg"));
  EXPECT_EQ(*finder.Find(Below("val/a.jpg"), ""), Below("val/a.jpg"));
  EXPECT_EQ(*finder.Find("x/two%20words.png", ""), Below("two words.png"));
  EXPECT_EQ(*finder.Find("images/0a1b2c3d-b.JPG", ""), Below("b.JPG"));
  EXPECT_EQ(*finder.FindStem("/images/0a1b2c3d-b"), Below("b.JPG"));
  EXPECT_EQ(*finder.Find("0a1b2c3d-two%20words.png", ""),
            Below("two words.png"));
  EXPECT_FALSE(finder.Find("x/0a1b2c3-b.JPG", "").ok());
  // Decoded once, not until nothing is left.
  EXPECT_FALSE(finder.Find("two%2520words.png", "").ok());
  std::string percents = "%";
  for (int i = 0; i < 100000; ++i) percents += "25";
  EXPECT_FALSE(finder.Find(percents, "").ok());
  EXPECT_EQ(*finder.FindStem("/images/val/a"), Below("val/a.jpg"));
  EXPECT_EQ(*finder.FindStem("e.x"), Below("e.x.png"));
  EXPECT_EQ(*PictureFinder({}, {}).FindStem(Below("val/a")),
            Below("val/a.jpg"));
}

TEST_F(PictureFinderTest, NamesWhatIsMissingOrMayBeTwo) {
  const PictureFinder finder({root_}, files_);
  EXPECT_THAT(finder.Find("images/a.jpg", "").status().message(),
              HasSubstr(" may be " + Below("train/a.jpg") + " or " +
                        Below("val/a.jpg")));
  EXPECT_EQ(finder.Find("z.jpg", "").status().message(),
            "there is no picture z.jpg");
  EXPECT_EQ(finder.Find("B.jpg", "").status().message(),
            "there is no picture B.jpg; there is " + Below("b.JPG"));
  EXPECT_FALSE(finder.Find("c.txt.jpg", "").ok());
  EXPECT_FALSE(finder.Find("", "").ok());
  EXPECT_FALSE(finder.FindStem("d").ok());
  EXPECT_THAT(
      finder.FindStem(Below("f")).status().message(),
      HasSubstr("expected a JPEG or PNG of what is in " + Below("f.webp")));
}

}  // namespace
}  // namespace fcis::data
