#include "fcis/tools/run_demo.h"

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/io/file.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kWidth = 40, kHeight = 30;

ModelConfig TwoClasses() {
  ModelConfig config;
  ClassConfig* cat = config.add_classes();
  cat->set_name("house cat");
  cat->set_category_id(17);
  ClassConfig* dog = config.add_classes();
  dog->set_name("dog");
  dog->set_category_id(18);
  return config;
}

model::Detection Full(int label, float score, const Box& box) {
  model::Detection detection;
  detection.label = label;
  detection.score = score;
  detection.box = box;
  detection.mask =
      Tensor::FromSpan<float>({21, 21}, std::vector<float>(21 * 21, 1.0f));
  return detection;
}

// Stands for the network: a dog and a cat in every picture.
absl::StatusOr<std::vector<model::Detection>> FindTwo(const Image&,
                                                      model::StageTimes*) {
  return std::vector<model::Detection>{Full(1, 0.9f, Box{20, 5, 34, 25}),
                                       Full(2, 0.75f, Box{2, 3, 12, 9})};
}

struct Outcome {
  absl::Status status;
  std::string out, err;
};

class RunDemoTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_ / "in");
    fs::create_directories(root_ / "out");
    options_.directory = (root_ / "out").string();
    options_.labels = {1, 2};
    options_.paste_threshold = 0.4f;
  }

  void AddFile(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic((root_ / "in" / name).string(), bytes).ok());
  }

  void AddPicture(const std::string& name) {
    const absl::StatusOr<std::string> png =
        data::EncodePng(Image(kHeight, kWidth));
    ASSERT_TRUE(png.ok());
    AddFile(name, *png);
  }

  Outcome Run(const eval::DetectFunction& detect = FindTwo) {
    Outcome outcome;
    const PictureList list = ListPictures((root_ / "in").string(), {});
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    outcome.status = RunDemo(list, options_, TwoClasses(), detect);
    outcome.out = ::testing::internal::GetCapturedStdout();
    outcome.err = ::testing::internal::GetCapturedStderr();
    return outcome;
  }

  std::vector<std::string> Written(const std::string& sub = "") const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_ / "out" / sub)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Image ReadResult(const std::string& name) const {
    const absl::StatusOr<Image> image =
        data::ReadImage((root_ / "out" / name).string());
    EXPECT_TRUE(image.ok()) << image.status();
    return image.ok() ? *image : Image();
  }

  fs::path root_;
  DemoOptions options_;
};

TEST_F(RunDemoTest, OnePngPerPictureAndALineEach) {
  AddPicture("a.png");
  AddPicture("b.png");
  const Outcome outcome = Run();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(Written(), ElementsAre("a.png", "b.png"));
  const Image drawn = ReadResult("a.png");
  EXPECT_EQ(drawn.width, kWidth);
  EXPECT_EQ(drawn.height, kHeight);
  EXPECT_NE(drawn.pixels, Image(kHeight, kWidth).pixels);
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("[1/2] "),
                    HasSubstr("a.png: 40x30, 2 instances (1 house cat, 1 dog)"),
                    HasSubstr("2 of 2 pictures done, 4 instances"),
                    HasSubstr("pictures/s")));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(RunDemoTest, BadPicturesAreNamedAndTheOthersDone) {
  AddPicture("a.png");
  AddFile("bad.jpg", "not a picture");
  AddFile("empty.png", "");
  AddPicture("z.png");
  const Outcome outcome = Run();
  EXPECT_EQ(ExitCode(outcome.status), kExitRunError);
  EXPECT_THAT(outcome.status.ToString(), HasSubstr("2 of 4 pictures failed"));
  EXPECT_THAT(Written(), ElementsAre("a.png", "z.png"));
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("bad.jpg"), HasSubstr("empty.png")));
}

TEST_F(RunDemoTest, PicturesOverThePixelLimitAreRefused) {
  AddPicture("a.png");
  options_.max_pixels = kWidth * kHeight - 1;
  EXPECT_THAT(Run().err, HasSubstr("a.png"));
  EXPECT_THAT(Written(), IsEmpty());
  options_.max_pixels = kWidth * kHeight;
  EXPECT_TRUE(Run().status.ok());
}

TEST_F(RunDemoTest, AFailingDetectorIsReportedWithThePicture) {
  AddPicture("a.png");
  const Outcome outcome = Run(
      [](const Image&,
         model::StageTimes*) -> absl::StatusOr<std::vector<model::Detection>> {
        return absl::InvalidArgumentError("too small");
      });
  EXPECT_EQ(ExitCode(outcome.status), kExitRunError);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("a.png"), HasSubstr("too small")));
  EXPECT_THAT(Written(), IsEmpty());
}

TEST_F(RunDemoTest, OnlyTheLabelsAskedFor) {
  AddPicture("a.png");
  options_.labels = {2};
  EXPECT_THAT(Run().out, AllOf(HasSubstr("1 instance (1 dog)"),
                               Not(HasSubstr("house cat"))));
}

TEST_F(RunDemoTest, MasksAreWhiteWhereTheInstanceIs) {
  AddPicture("a.png");
  options_.save_masks = true;
  EXPECT_TRUE(Run().status.ok());
  EXPECT_THAT(Written(), ElementsAre("a.png", "masks"));
  EXPECT_THAT(Written("masks"),
              ElementsAre("a_001_house cat.png", "a_002_dog.png"));
  const Image mask = ReadResult("masks/a_002_dog.png");
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool inside = x >= 2 && x < 12 && y >= 3 && y < 9;
      ASSERT_EQ(mask.row(y)[3 * x], inside ? 255 : 0) << x << "," << y;
    }
  }
}

// What an earlier run found in the picture, and nothing else.
TEST_F(RunDemoTest, MasksOfAnEarlierRunGo) {
  AddPicture("a.png");
  AddFile("bad.png", "bad");
  options_.save_masks = true;
  fs::create_directories(root_ / "out/masks");
  for (const char* name :
       {"a_003_dog.png", "a_1234_hot_dog.png", "a_01_dog.png", "a_001.png",
        "a_001_dog.txt", "a_001_b_001_dog.png", "bad_001_dog.png"}) {
    ASSERT_TRUE(
        WriteFileAtomic((root_ / "out/masks" / name).string(), "old").ok());
  }
  EXPECT_FALSE(Run().status.ok());
  EXPECT_THAT(Written("masks"),
              ElementsAre("a_001.png", "a_001_b_001_dog.png", "a_001_dog.txt",
                          "a_001_house cat.png", "a_002_dog.png",
                          "a_01_dog.png", "bad_001_dog.png"));
}

TEST_F(RunDemoTest, ResultsInCocosFormat) {
  AddPicture("a.png");
  AddFile("b.png", "bad");
  AddPicture("c.png");
  options_.save_json = true;
  EXPECT_FALSE(Run().status.ok());
  const auto text = ReadFile((root_ / "out/results.json").string());
  ASSERT_TRUE(text.ok()) << text.status();
  rapidjson::Document json;
  json.Parse(text->c_str());
  ASSERT_FALSE(json.HasParseError());
  ASSERT_TRUE(json.IsArray());
  ASSERT_EQ(json.Size(), 4u);
  // The place in the list, counting the bad picture as well.
  EXPECT_EQ(json[0]["image_id"].GetInt(), 1);
  EXPECT_EQ(json[3]["image_id"].GetInt(), 3);
  const auto& dog = json[3];
  EXPECT_EQ(dog["category_id"].GetInt(), 18);
  EXPECT_EQ(dog["score"].GetFloat(), 0.75f);
  EXPECT_EQ(dog["bbox"][0].GetDouble(), 2);
  EXPECT_EQ(dog["bbox"][1].GetDouble(), 3);
  EXPECT_EQ(dog["bbox"][2].GetDouble(), 10);
  EXPECT_EQ(dog["bbox"][3].GetDouble(), 6);
  EXPECT_EQ(dog["segmentation"]["size"][0].GetInt(), kHeight);
  EXPECT_EQ(dog["segmentation"]["size"][1].GetInt(), kWidth);
  EXPECT_GT(dog["segmentation"]["counts"].GetStringLength(), 0u);
}

// The files and the order of the lines do not depend on who is first.
TEST_F(RunDemoTest, PicturesAtOnceGiveTheSameFiles) {
  for (const char* name : {"a.png", "c.png", "d.png", "e.png", "f.png"}) {
    AddPicture(name);
  }
  AddFile("b.jpg", "not a picture");
  options_.save_json = options_.save_masks = true;
  const auto run = [&](int at_once) {
    options_.pictures_at_once = at_once;
    fs::remove_all(root_ / "out");
    fs::create_directories(root_ / "out");
    std::atomic<int> calls{0};
    const Outcome outcome =
        Run([&](const Image& image, model::StageTimes* times) {
          // The first ones take longest.
          if (calls++ < 2) absl::SleepFor(absl::Milliseconds(30));
          return FindTwo(image, times);
        });
    EXPECT_THAT(outcome.status.ToString(), HasSubstr("1 of 6 pictures failed"));
    std::vector<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / "out")) {
      if (!entry.is_regular_file()) continue;
      all.push_back(entry.path().string() +
                    ReadFile(entry.path().string()).value());
    }
    std::sort(all.begin(), all.end());
    // Without the times.
    for (absl::string_view line : absl::StrSplit(outcome.out, '\n')) {
      all.push_back(std::string(line.substr(0, line.find(';'))));
    }
    all.pop_back();
    all[all.size() - 1] = "";  // pictures/s
    return all;
  };
  const std::vector<std::string> one = run(1);
  EXPECT_EQ(one.size(), 5 * 3 + 1 + 5 + 1u);
  EXPECT_EQ(run(2), one);
  EXPECT_EQ(run(7), one);
}

TEST_F(RunDemoTest, AResultThatCannotBeWrittenIsNamed) {
  AddPicture("a.png");
  fs::remove_all(root_ / "out");
  const Outcome outcome = Run();
  EXPECT_EQ(ExitCode(outcome.status), kExitRunError);
  EXPECT_THAT(outcome.err, HasSubstr((root_ / "out/a.png").string()));
}

TEST_F(RunDemoTest, NothingToDo) {
  const Outcome outcome = Run();
  EXPECT_EQ(ExitCode(outcome.status), kExitRunError);
  EXPECT_THAT(outcome.err, HasSubstr("holds no pictures"));
}

}  // namespace
}  // namespace fcis::tools
