#include "fcis/data/loader/coco_sources.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

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

using testing::ElementsAre;
using testing::HasSubstr;

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
