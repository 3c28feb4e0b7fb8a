#include "fcis/eval/predict/plan.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/io/digest.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Three "pictures", of which only the bytes count here.
class PlanTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_ / "out");
    weights_.config.add_classes()->set_name("cat");
    weights_.source = "m.safetensors";
    SetWeight(1);
    classes_.categories = {data::RecordId(int64_t{5})};
    dataset_.path = "a.json";
    for (int id = 1; id <= 3; ++id) {
      data::CocoImage image;
      image.id = data::RecordId(int64_t{id});
      image.file_name = absl::StrCat(id, ".png");
      dataset_.images.push_back(image);
      Save(image.file_name, absl::StrCat("picture ", id));
    }
    options_.image_dir = root_.string();
    options_.directory = (root_ / "out").string();
    options_.weights = &weights_;
    options_.computed_by = "cpu, f32";
  }

  void SetWeight(float value) {
    weights_.tensors["w"] = Tensor::FromSpan<float>(Shape({1}), {value});
  }
  void Save(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomic((root_ / name).string(), bytes).ok());
  }
  std::string Load(const std::string& name) const {
    const auto text = ReadFile((root_ / name).string());
    return text.ok() ? *text : "";
  }

  absl::StatusOr<Plan> Make() {
    std::vector<const data::CocoImage*> pictures;
    for (const data::CocoImage& image : dataset_.images)
      pictures.push_back(&image);
    return MakePlan(dataset_, pictures, classes_, options_);
  }
  // As a run does: each picture's detections are its id.
  Plan Run() {
    absl::StatusOr<Plan> plan = Make();
    EXPECT_TRUE(plan.ok()) << plan.status();
    if (!plan.ok()) return {};
    const auto journal = OpenJournal(options_.directory, 0, plan->header);
    EXPECT_TRUE(journal.ok());
    for (size_t i = 0; i < dataset_.images.size(); ++i) {
      if (!plan->todo[i]) continue;
      JournalPicture picture;
      picture.image = dataset_.images[i].id;
      picture.file = PicturePath(options_, dataset_.images[i]);
      picture.sha256 = Sha256(*ReadFile(picture.file));
      const std::string results =
          absl::StrCat("[", picture.image.ToString(), "]");
      picture.results = results;
      EXPECT_TRUE((*journal)->Append(PictureLine(picture)).ok());
    }
    Save("out/results.json", "[]");
    return *std::move(plan);
  }
  static std::string Sha256(const std::string& bytes) {
    Digest digest = Digest::Sha256();
    digest.Update(bytes);
    return digest.Hex();
  }

  // The second plan computes all again, and says why.
  void ExpectAfresh(const std::string& why) {
    options_.reuse = true;
    const std::string journal = Load("out/journal.0.jsonl");
    EXPECT_THAT(std::string(Make().status().message()), HasSubstr(why));
    EXPECT_EQ(Load("out/journal.0.jsonl"), journal);
    EXPECT_EQ(Load("out/results.json"), "[]");
    options_.reuse = false;
    const auto plan = Make();
    ASSERT_TRUE(plan.ok()) << plan.status();
    EXPECT_THAT(plan->message, HasSubstr(why));
    EXPECT_THAT(plan->todo, ElementsAre(true, true, true));
    // Nothing of the old state looks current.
    EXPECT_EQ(Load("out/results.json"), "");
    EXPECT_EQ(Load("out/journal.0.jsonl"), plan->header + "\n");
  }

  fs::path root_;
  model::Weights weights_;
  data::ClassMatch classes_;
  data::CocoDataset dataset_;
  PredictOptions options_;
};

TEST_F(PlanTest, WhatIsTheSameIsKept) {
  Plan plan = Run();
  EXPECT_THAT(plan.todo, ElementsAre(true, true, true));
  options_.reuse = true;
  plan = Run();
  EXPECT_EQ(plan.message, "");
  EXPECT_THAT(plan.todo, ElementsAre(false, false, false));
  EXPECT_EQ(plan.kept.size(), 3u);
  EXPECT_EQ(Load("out/results.json"), "[]");
}

// Bug case 67, (a): another model under the same path.
TEST_F(PlanTest, Case67OtherWeights) {
  Run();
  SetWeight(2);
  ExpectAfresh("were made with other weights (m.safetensors was replaced)");
}

TEST_F(PlanTest, OtherSettingsAndDevices) {
  Run();
  weights_.config.mutable_rpn()->set_post_nms(7);
  ExpectAfresh("other settings (modified: rpn.post_nms: 300 -> 7");
  Run();
  options_.computed_by = "cpu, bf16";
  ExpectAfresh("another device or precision (cpu, f32, now cpu, bf16)");
}

// (c): the annotations give the class another id.
TEST_F(PlanTest, Case67OtherCategories) {
  Run();
  classes_.categories = {data::RecordId(int64_t{4})};
  ExpectAfresh("other categories (1 cat = 5; now 1 cat = 4)");
}

TEST_F(PlanTest, AnEarlierVersion) {
  Save("out/journal.0.jsonl", "{\"key\": \"x\"}\n{\"image_id\": 1}\n");
  Save("out/results.json", "[]");
  ExpectAfresh("another version of this program");
}

// (b): other pictures under the same names.
TEST_F(PlanTest, Case67OtherPictures) {
  Run();
  fs::create_directories(root_ / "other");
  Save("other/1.png", "picture 1");
  Save("other/2.png", "another");
  Save("other/3.png", "one more");
  options_.image_dir = (root_ / "other").string();
  options_.reuse = true;
  const std::string error(Make().status().message());
  EXPECT_THAT(error, HasSubstr("2 of the pictures kept in"));
  EXPECT_THAT(error, HasSubstr("other/2.png in place of"));
  options_.reuse = false;
  const Plan plan = Run();
  EXPECT_THAT(plan.todo, ElementsAre(false, true, true));
  EXPECT_THAT(plan.message,
              HasSubstr("are others now, and computed again:\n  image 2: "));
  options_.reuse = true;
  EXPECT_THAT(Run().todo, ElementsAre(false, false, false));
}

TEST_F(PlanTest, Case67APictureOverwritten) {
  Run();
  Save("2.png", "Picture 2");
  const auto plan = Make();
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_THAT(plan->todo, ElementsAre(false, true, false));
  EXPECT_THAT(plan->message, HasSubstr("2.png has another content"));
  EXPECT_EQ(Load("out/results.json"), "");
  EXPECT_THAT(Load("out/journal.0.jsonl"), Not(HasSubstr("\"image_id\": 2")));
}

// (c): the annotations give ids to other files.
TEST_F(PlanTest, Case67OtherList) {
  Run();
  std::swap(dataset_.images[0].file_name, dataset_.images[1].file_name);
  dataset_.images.pop_back();
  dataset_.images.emplace_back();
  dataset_.images[2].id = data::RecordId(int64_t{9});
  dataset_.images[2].file_name = "3.png";
  const Plan plan = Run();
  EXPECT_THAT(plan.todo, ElementsAre(true, true, true));
  EXPECT_THAT(plan.message, HasSubstr("2 of the pictures kept in"));
  EXPECT_THAT(plan.message, HasSubstr("1 of the pictures kept in"));
  EXPECT_THAT(plan.message, HasSubstr("not listed in a.json"));
  // What is not listed stays for the list that has it.
  dataset_.images[2].id = data::RecordId(int64_t{3});
  EXPECT_THAT(Run().todo, ElementsAre(false, false, false));
}

// A file that rested is known by its stamp: its bytes are not read again.
TEST_F(PlanTest, StampsSpareTheReading) {
  const absl::Time rested = absl::Now() + absl::Seconds(5);
  options_.weights_read_at = rested;
  Save("w", "");
  weights_.source = (root_ / "w").string();
  Plan plan = Run();
  Origin origin;
  ASSERT_TRUE(ReadOrigin(plan.header, origin));
  EXPECT_NE(origin.weights_stamp, "");
  SetWeight(2);  // which the unchanged file cannot have
  plan = Run();
  EXPECT_EQ(plan.message, "");
  Save("w", "");
  plan = Run();
  EXPECT_THAT(plan.message, HasSubstr("w was replaced"));
  // Trained ones are not their source's.
  SetWeight(3);
  options_.weights_read_at = absl::Time();
  EXPECT_THAT(Run().message, HasSubstr("w was replaced"));
}

// Bug case 57: all at once, and before anything is touched.
TEST_F(PlanTest, Case57MissingPicturesAreNamed) {
  Run();
  fs::rename(root_ / "1.png", root_ / "1.PNG");
  dataset_.images[1].file_name.clear();
  fs::remove(root_ / "3.png");
  options_.max_messages = 2;
  SetWeight(2);
  const absl::Status status = Make().status();
  const std::string error(status.message());
  EXPECT_TRUE(absl::IsNotFound(status));
  EXPECT_THAT(error, HasSubstr("3 of 3 pictures of a.json cannot be read"));
  EXPECT_THAT(error, AllOf(HasSubstr("image id 1: "),
                           HasSubstr("1.png: No such file or directory; "
                                     "there is ")));
  EXPECT_THAT(error, AllOf(HasSubstr("image id 2: "),
                           HasSubstr(": it has no \"file_name\"")));
  EXPECT_THAT(error, HasSubstr("... and 1 more"));
  EXPECT_EQ(Load("out/results.json"), "[]");
}

// /proc has no free space.
TEST_F(PlanTest, SpaceIsAskedForBeforeThePictures) {
  options_.directory = "/proc";
  const absl::Status status = Make().status();
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  EXPECT_EQ(status.message(),
            "too little space for /proc: 180.0 kB needed, 0 bytes free");
}

}  // namespace
}  // namespace fcis::eval
