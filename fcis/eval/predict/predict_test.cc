#include "fcis/eval/predict/predict.h"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/file_lock.h"
#include "fcis/core/testing/fake_communicator.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
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
    for (const char* name : {"cat", "dog", "cow"}) {
      weights_.config.add_classes()->set_name(name);
    }
    dataset_.path = "a.json";
    classes_.categories = {data::RecordId(int64_t{5}),
                           data::RecordId(int64_t{18}), std::nullopt};
    for (int id = 1; id <= 4; ++id) AddPicture(id);
    options_.image_dir = root_.string();
    options_.directory = (root_ / "out").string();
    options_.weights = &weights_;
    options_.paste_threshold = .5;
  }

  void AddPicture(int id) {
    data::CocoImage image;
    image.id = data::RecordId(int64_t{id});
    image.file_name = absl::StrCat(id, ".png");
    dataset_.images.push_back(image);
    const auto png = data::EncodePng(Image(8, 4 + id));
    ASSERT_TRUE(WriteFileAtomic((root_ / image.file_name).string(), *png).ok());
  }

  // One instance per class, of all pixels. The last class is left out.
  absl::StatusOr<std::vector<model::Detection>> Detect(const Image& image) {
    ++calls_;
    std::vector<model::Detection> found;
    for (const int label : {1, 2, 3}) {
      model::Detection detection;
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
        dataset_, classes_, options_,
        [this](const Image& image, model::StageTimes*) {
          return Detect(image);
        },
        *job_);
  }
  std::string Results() const {
    const auto text = ReadFile(ResultsPath(options_));
    return text.ok() ? *text : "";
  }

  fs::path root_;
  model::Weights weights_;
  data::ClassMatch classes_;
  data::CocoDataset dataset_;
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
  options_.computed_by = "another";
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(calls_, 10);
  options_.computed_by = "a third";
  options_.reuse = true;
  EXPECT_EQ(Run().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(calls_, 10);
}

// Bug case 67: another picture under the name of one that is done.
TEST_F(PredictTest, Case67AChangedPictureIsDoneAgain) {
  ASSERT_TRUE(Run().ok());
  const auto png = data::EncodePng(Image(8, 30));
  ASSERT_TRUE(WriteFileAtomic((root_ / "2.png").string(), *png).ok());
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(calls_, 5);
  EXPECT_THAT(Results(), HasSubstr("\"size\":[8,30]"));
}

TEST_F(PredictTest, TwoAtOnceAreRefused) {
  const auto lock = FileLock::TryAcquire(options_.directory + "/journal.lock");
  ASSERT_TRUE(lock.ok() && *lock != nullptr);
  EXPECT_THAT(std::string(Run().message()), HasSubstr("another process"));
}

// Bug case 57: masks of another size can never match, so it is said, also of
// pictures that are done.
TEST_F(PredictTest, Case57OtherSizesAreNamed) {
  dataset_.images[1].height = 9;
  dataset_.images[1].width = 6;
  for (int i = 0; i < 2; ++i) {
    ::testing::internal::CaptureStderr();
    ASSERT_TRUE(Run().ok());
    EXPECT_THAT(::testing::internal::GetCapturedStderr(),
                HasSubstr("2.png is 6x8 (width x height), but the annotations "
                          "say 6x9"));
  }
}

// Rank 1 does not do its share.
TEST_F(PredictTest, APictureWithoutDetectionsIsAnError) {
  job_ = std::make_unique<FakeCommunicator>(0, 2);
  const std::string error(Run().message());
  EXPECT_THAT(error, HasSubstr("image 2 ("));
  EXPECT_THAT(error, HasSubstr("2.png): its detections are missing in"));
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(Results(), "");
}

// Rank 1, whose rank 0 works on something else.
class OtherRankZero : public FakeCommunicator {
 public:
  OtherRankZero() : FakeCommunicator(1, 2) {}
  absl::StatusOr<std::string> Broadcast(std::string) override {
    return std::string("0 0 0 0 0");
  }
};

TEST_F(PredictTest, RanksThatDifferAreNamedBeforeTheFirstPicture) {
  job_ = std::make_unique<OtherRankZero>();
  EXPECT_EQ(Run().message(),
            "rank 1 differs from rank 0 in the number of pictures, the list of "
            "pictures, weights, settings, categories");
  EXPECT_EQ(calls_, 0);
}

TEST_F(PredictTest, FailuresAreCountedAndTheRestIsKept) {
  ASSERT_TRUE(WriteFileAtomic((root_ / "2.png").string(), "no picture").ok());
  const absl::Status status = Run();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("1 of 4 pictures failed"));
  EXPECT_EQ(Results(), "");
  EXPECT_EQ(calls_, 3);
  // The picture comes back; the others wait in the journal.
  const auto png = data::EncodePng(Image(8, 8));
  ASSERT_TRUE(WriteFileAtomic((root_ / "2.png").string(), *png).ok());
  EXPECT_TRUE(Run().ok());
  EXPECT_EQ(calls_, 4);
}

// Bug case 57: not after hours.
TEST_F(PredictTest, Case57MissingPicturesEndItBeforeTheFirst) {
  fs::remove(root_ / "3.png");
  fs::remove(root_ / "4.png");
  const std::string error(Run().message());
  EXPECT_THAT(error, HasSubstr("3.png: No such file"));
  EXPECT_THAT(error, HasSubstr("4.png: No such file"));
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace fcis::eval
