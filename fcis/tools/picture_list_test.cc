#include "fcis/tools/picture_list.h"

#include <filesystem>
#include <fstream>

#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PictureListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::create_directories(root_);
  }

  std::string Touch(const std::string& name) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name) << "x";
    return (root_ / name).string();
  }

  static std::vector<std::string> Stems(const PictureList& list) {
    std::vector<std::string> stems;
    for (const Picture& picture : list.pictures) stems.push_back(picture.stem);
    return stems;
  }

  fs::path root_;
};

TEST_F(PictureListTest, ADirectorysPicturesByName) {
  Touch("b.PNG");
  Touch("a.jpeg");
  Touch("notes.txt");
  Touch("sub/c.jpg");
  const PictureList list = ListPictures(root_.string(), {});
  EXPECT_THAT(Stems(list), ElementsAre("a", "b"));
  EXPECT_THAT(list.notes, ElementsAre(HasSubstr("1 other files")));
  EXPECT_THAT(list.errors, IsEmpty());
}

TEST_F(PictureListTest, DirectoryThenArgumentsEachFileOnce) {
  const std::string a = Touch("a.jpg"), z = Touch("other/z.jpg");
  const PictureList list = ListPictures(
      root_.string(), {z, a, (root_ / "*.jpg").string(), root_.string()});
  EXPECT_THAT(Stems(list), ElementsAre("a", "z"));
}

TEST_F(PictureListTest, SameNamesGetNumbers) {
  Touch("x/a.jpg");
  Touch("x/a.png");
  Touch("y/a.jpg");
  Touch("y/a_2.jpg");
  const PictureList list =
      ListPictures("", {(root_ / "x").string(), (root_ / "y").string()});
  // a_2 belongs to the file of that name.
  EXPECT_THAT(Stems(list), ElementsAre("a", "a_3", "a_4", "a_2"));
  EXPECT_THAT(list.notes, SizeIs(2));
  EXPECT_THAT(list.notes[0], HasSubstr("x/a.png: its results are named a_3"));
}

TEST_F(PictureListTest, WhatNamesNothingIsAnErrorAmongTheOthers) {
  const std::string a = Touch("a.jpg");
  fs::create_directories(root_ / "empty");
  const PictureList list = ListPictures(
      (root_ / "nowhere").string(),
      {(root_ / "no.jpg").string(), a, (root_ / "empty").string()});
  EXPECT_THAT(Stems(list), ElementsAre("a"));
  ASSERT_THAT(list.errors, SizeIs(3));
  EXPECT_THAT(list.errors[0].ToString(), HasSubstr("nowhere"));
  EXPECT_THAT(list.errors[1].ToString(), HasSubstr("no.jpg"));
  EXPECT_THAT(list.errors[2].ToString(), HasSubstr("holds no pictures"));
}

TEST_F(PictureListTest, AFileNamedByArgumentNeedsNoExtension) {
  EXPECT_THAT(Stems(ListPictures("", {Touch("photo")})), ElementsAre("photo"));
}

TEST_F(PictureListTest, AnEmptyListNamesItsErrors) {
  EXPECT_TRUE(CheckNotEmpty(ListPictures("", {Touch("a.jpg")})).ok());
  const absl::Status status =
      CheckNotEmpty(ListPictures("", {(root_ / "no.jpg").string()}));
  EXPECT_THAT(status.ToString(), HasSubstr("no.jpg: no such file"));
}

TEST_F(PictureListTest, NothingAskedNothingListed) {
  const PictureList list = ListPictures("", {});
  EXPECT_THAT(list.pictures, IsEmpty());
  EXPECT_THAT(list.errors, IsEmpty());
}

TEST_F(PictureListTest, NamesThePictureThatWouldBeReplaced) {
  const std::string here = root_.string();
  const PictureList png = ListPictures("", {Touch("a.png")});
  const PictureList jpg = ListPictures("", {Touch("b.jpg")});
  EXPECT_TRUE(CheckKeepsPictures(jpg, here).ok());
  EXPECT_TRUE(CheckKeepsPictures(png, here + "/other").ok());
  const absl::Status status = CheckKeepsPictures(png, here + "/x/..");
  EXPECT_EQ(ExitCode(status), kExitUsage);
  EXPECT_THAT(status.ToString(), HasSubstr("a.png"));
}

}  // namespace
}  // namespace fcis::tools
