#include "fcis/eval/predict/predict.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class PredictTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_ / "out");
    for (const char* name : {"cat", "dog"})
      config_.add_classes()->set_name(name);
    config_.mutable_classes(1)->set_category_id(18);
    dataset_.path = "a.json";
    dataset_.categories = {{RecordId(int64_t{18}), "hound", ""},
                           {RecordId(int64_t{5}), "cat", ""}};
    for (int id = 1; id <= 4; ++id) AddPicture(id);
    options_.image_dir = root_.string();
    options_.directory = (root_ / "out").string();
    options_.key = "key";
    options_.paste_threshold = .5;
  }

  void AddPicture(int id) {
    CocoImage image;
    image.id = RecordId(int64_t{id});
    image.file_name = absl::StrCat(id, ".png");
    dataset_.images.push_back(image);
    const auto png = EncodePng(Image(8, 4 + id));
    ASSERT_TRUE(WriteFileAtomic((root_ / image.file_name).string(), *png).ok());
  }

  // One instance per class, of all pixels.
  absl::StatusOr<std::vector<Detection>> Detect(const Image& image) {
    ++calls_;
    std::vector<Detection> found;
    for (const int label : {1, 2}) {
      Detection detection;
      detection.label = label;
      detection.score = .5f * static_cast<float>(label);
      detection.box = {0, 0, static_cast<float>(image.width), 8};
      detection.mask = Tensor(Shape({1, 1}));
      detection.mask.mutable_data<float>()[0] = 1;
      found.push_back(detection);
    }
    return found;
  }

  absl::Status Run() {
    return Predict(
        dataset_, config_, options_,
        [this](const Image& image) { return Detect(image); }, *job_);
  }
  std::string Results() const {
    const auto text = ReadFile(ResultsPath(options_));
    return text.ok() ? *text : "";
  }

  fs::path root_;
  ModelConfig config_;
  CocoDataset dataset_;
  PredictOptions options_;
  std::unique_ptr<Communicator> job_ = MakeSelfCommunicator();
  int calls_ = 0;
};

TEST_F(PredictTest, WritesResultsInTheDataSetsOrder) {
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(calls_, 4);
  const std::string results = Results();
  size_t at = 0;
  for (int id = 1; id <= 4; ++id) {
    for (const char* rest : {"5,\"score\":0.5", "18,\"score\":1.0"}) {
      const size_t next = results.find(
          absl::StrCat("\"image_id\":", id, ",\"category_id\":", rest), at);
      ASSERT_NE(next, std::string::npos) << results;
      at = next;
    }
  }
  EXPECT_THAT(results, HasSubstr("{\"size\":[8,5],\"counts\":\"0X1\"}"));
  EXPECT_EQ(results.find("bbox"), std::string::npos);
}

TEST_F(PredictTest, WhatIsDoneIsNotDoneAgain) {
  ASSERT_TRUE(Run().ok());
  const std::string first = Results();
  AddPicture(5);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(calls_, 5);
  EXPECT_NE(Results(), first);
  options_.key = "another";
  EXPECT_EQ(Run().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PredictTest, FailuresAreCountedAndTheRestIsKept) {
  fs::remove(root_ / "2.png");
  dataset_.images[3].file_name.clear();
  const absl::Status status = Run();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("2 of 4 pictures failed"));
  EXPECT_EQ(Results(), "");
  EXPECT_EQ(calls_, 2);
  // Two pictures come back; the others wait in the journal.
  dataset_.images.pop_back();
  AddPicture(4);
  const auto png = EncodePng(Image(8, 8));
  ASSERT_TRUE(WriteFileAtomic((root_ / "2.png").string(), *png).ok());
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(calls_, 4);
}

TEST_F(PredictTest, CategoriesMatchByNameThenById) {
  const auto categories = MatchCategories(config_, dataset_);
  ASSERT_TRUE(categories.ok()) << categories.status();
  EXPECT_EQ((*categories)[0].category, RecordId(int64_t{5}));
  EXPECT_EQ((*categories)[1].category, RecordId(int64_t{18}));
  dataset_.categories = {{RecordId(int64_t{99}), "tree", ""}};
  EXPECT_THAT(
      std::string(MatchCategories(config_, dataset_).status().message()),
      HasSubstr("none of the categories of a.json"));
}

}  // namespace
}  // namespace fcis
