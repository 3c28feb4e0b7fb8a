#include "fcis/data/coco/splits.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HasSubstr;

namespace fs = std::filesystem;

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
    EXPECT_EQ(split->image_dir, (root_ / images).string());
    EXPECT_EQ(split->ann_file,
              (root_ / "annotations/instances_minival2014.json").string());
  }
}

TEST_F(SplitsTest, MinivalMayComeFromVal2017) {
  Add("instances_val2017.json", "images/val2017");
  const auto split = FindCocoSplit(root_.string(), "minival2014");
  ASSERT_TRUE(split.ok()) << split.status();
  EXPECT_EQ(split->image_dir, (root_ / "images/val2017").string());
  Add("instances_minival2014.json", "images/val2014");
  EXPECT_EQ(FindCocoSplit(root_.string(), "minival2014")->image_dir,
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

namespace fs = std::filesystem;

class CocoSourcesTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) /
            testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_ / "annotations");
  }
  void AddList(const std::string& name) {
    std::ofstream(root_ / "annotations" / ("instances_" + name + ".json"))
        << "{}";
  }
  void AddPictures(const std::string& name) {
    fs::create_directories(root_ / name);
  }
  // "LIST in DIRECTORY without LIST", relative to the root.
  std::vector<std::string> Found() const {
    std::vector<std::string> found;
    const auto sources = CocoTrainSources(root_.string());
    if (!sources.ok()) return {std::string(sources.status().message())};
    for (const CocoSource& source : *sources) {
      std::string text =
          fs::path(source.ann_file).filename().string() + " in " +
          fs::path(source.image_dir).lexically_relative(root_).string();
      if (!source.without.empty()) {
        text += " without " + fs::path(source.without).filename().string();
      }
      found.push_back(text);
    }
    return found;
  }

  fs::path root_;
};

TEST_F(CocoSourcesTest, PrefersTheReferencesLists) {
  AddPictures("train2017");
  AddList("train2017");
  EXPECT_THAT(Found(), ElementsAre("instances_train2017.json in train2017"));
  AddPictures("images/train2014");
  AddPictures("images/val2014");
  AddList("train2014");
  AddList("val2014");
  AddList("val2017");
  EXPECT_THAT(Found(),
              ElementsAre("instances_train2014.json in images/train2014",
                          "instances_val2014.json in images/val2014 without "
                          "instances_val2017.json"));
  AddList("minival2014");
  EXPECT_THAT(Found()[1], HasSubstr("without instances_minival2014.json"));
  AddList("valminusminival2014");
  EXPECT_THAT(
      Found(),
      ElementsAre("instances_train2014.json in images/train2014",
                  "instances_valminusminival2014.json in images/val2014"));
}

TEST_F(CocoSourcesTest, Val2014AloneWouldTrainOnMinival) {
  AddPictures("train2014");
  AddPictures("val2014");
  AddList("train2014");
  AddList("val2014");
  EXPECT_EQ(CocoTrainSources(root_.string()).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(Found()[0], HasSubstr("instances_valminusminival2014.json"));
  EXPECT_THAT(Found()[0], HasSubstr("instances_train2017.json"));
}

}  // namespace
}  // namespace fcis::data
