#include "fcis/data/coco/splits.h"

#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

class SplitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_ / "annotations");
  }
  void Add(const std::string& annotations, const std::string& images) {
    std::ofstream(root_ / "annotations" / annotations) << "{}";
    fs::create_directories(root_ / images);
  }

  fs::path root_;
};

TEST_F(SplitsTest, EveryLayout) {
  for (const std::string images :
       {"images/val2014", "val2014", "coco_val2014"}) {
    SetUp();
    Add("instances_minival2014.json", images);
    const auto split = FindCocoSplit(root_.string(), "minival2014");
    ASSERT_TRUE(split.ok()) << split.status();
    EXPECT_EQ(split->images, (root_ / images).string());
    EXPECT_EQ(split->annotations,
              (root_ / "annotations/instances_minival2014.json").string());
  }
}

TEST_F(SplitsTest, MinivalMayComeFromVal2017) {
  Add("instances_val2017.json", "images/val2017");
  const auto split = FindCocoSplit(root_.string(), "minival2014");
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->images, (root_ / "images/val2017").string());
  Add("instances_minival2014.json", "images/val2014");
  EXPECT_EQ(FindCocoSplit(root_.string(), "minival2014")->images,
            (root_ / "images/val2014").string());
}

TEST_F(SplitsTest, MissingPartsAreNamed) {
  Add("instances_val2014.json", "elsewhere");
  const auto split = FindCocoSplit(root_.string(), "val2014");
  EXPECT_EQ(split.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(
      std::string(split.status().message()),
      AllOf(HasSubstr("instances_val2014.json"), HasSubstr("images/val2014")));
}

TEST_F(SplitsTest, NamesAreEachOnce) {
  EXPECT_EQ(CocoSplitNames().size(), 6u);
  EXPECT_THAT(CocoSplitNames(), Contains("minival2014"));
}

}  // namespace
}  // namespace fcis::data
