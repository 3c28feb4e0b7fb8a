// The program on a recipe that holds pictures out.
#include <filesystem>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kPictures = 12;  // of which 4 are held out

class HoldOutValidationTest : public TinySetTest {
 protected:
  void SetUp() override {
    TinySetTest::SetUp();
    WriteTinySet(data_, kPictures);
  }
  std::string Flags() const {
    return absl::StrCat(
        TinyFlags("batch: 1 data { hold_out: 0.25 } schedule { patience: 9 }"),
        "--threads 1 --max_iters 8 ", DataFlags(data_), "--out ", run_, " ");
  }
  void Rewrite(const std::string& from, const std::string& to) const {
    const std::string text =
        absl::StrReplaceAll(TinyAnnotations(kPictures), {{from, to}});
    ASSERT_TRUE(WriteFileAtomic(data_ + "/annotations.json", text).ok());
  }
  std::set<std::string> PicturesOf(const std::string& part) const {
    std::set<std::string> names;
    const auto dataset = data::ReadCocoDataset(run_ + "/" + part);
    EXPECT_TRUE(dataset.ok()) << dataset.status();
    if (!dataset.ok()) return names;
    EXPECT_EQ(dataset->annotations.size(), dataset->images.size());
    EXPECT_EQ(dataset->categories.size(), 2u);
    for (const data::CocoImage& image : dataset->images) {
      names.insert(image.file_name);
    }
    return names;
  }
  void ExpectParts() const {
    std::set<std::string> all = PicturesOf("train.json");
    EXPECT_EQ(all.size(), 8u);
    const std::set<std::string> held_out = PicturesOf("val.json");
    EXPECT_EQ(held_out.size(), 4u);
    all.insert(held_out.begin(), held_out.end());
    EXPECT_EQ(all.size(), size_t{kPictures});
  }
  Outcome Resume(const std::string& flags) const {
    return Train(absl::StrCat("--resume --threads 1 --out ", run_, " ", flags));
  }

  const std::string said_ = "validation: 4 of 12 pictures of ";
};

TEST_F(HoldOutValidationTest, APartIsSetAside) {
  const Outcome trained = Train(Flags());
  ASSERT_EQ(trained.code, 0) << trained.output;
  EXPECT_THAT(trained.output,
              HasSubstr(absl::StrCat(
                  said_, data_, "/annotations.json held out (", run_,
                  "/val.json); all pictures train with --set 'data { hold_out: "
                  "0 }'")));
  EXPECT_THAT(trained.output, HasSubstr("8 pictures, 2 classes"));
  EXPECT_THAT(trained.output, HasSubstr("validation after iteration 8: AP "));
  EXPECT_TRUE(fs::exists(run_ + "/best.json"));
  ExpectParts();
}

TEST_F(HoldOutValidationTest, RankZeroSetsItAsideForAll) {
  const Outcome trained = Shell(Mpi(2, Flags() + "--max_iters 2 "));
  ASSERT_EQ(trained.code, 0) << trained.output;
  EXPECT_THAT(trained.output, HasSubstr(said_));
  EXPECT_THAT(trained.output, HasSubstr("8 pictures, 2 classes; 2 processes"));
  ExpectParts();
}

TEST_F(HoldOutValidationTest, TooFewTrainAsAWhole) {
  WriteTinySet(data_, 7);
  const Outcome trained = Train(Flags());
  EXPECT_EQ(trained.code, 0) << trained.output;
  EXPECT_THAT(trained.output,
              HasSubstr("validation: none; 7 pictures with objects are too "));
  EXPECT_THAT(trained.output, HasSubstr("7 pictures, 2 classes"));
  EXPECT_THAT(trained.output,
              HasSubstr("patience has no effect without a validation set"));
  EXPECT_FALSE(fs::exists(run_ + "/val.json"));
}

TEST_F(HoldOutValidationTest, NotBesideAValidationSetNorUnasked) {
  const Outcome own = Train(
      absl::StrCat(Flags(), "--max_iters 1 --val_ann_file ", data_,
                   "/annotations.json --val_image_dir ", data_, "/images"));
  EXPECT_EQ(own.code, 0) << own.output;
  EXPECT_THAT(own.output, HasSubstr("12 pictures, 2 classes"));
  EXPECT_FALSE(fs::exists(run_ + "/val.json"));
  fs::remove_all(run_);
  const Outcome unasked =
      Train(absl::StrReplaceAll(Flags(), {{"hold_out: 0.25", "hold_out: 0"}}));
  EXPECT_EQ(unasked.code, 0) << unasked.output;
  EXPECT_FALSE(fs::exists(run_ + "/val.json"));
}

TEST_F(HoldOutValidationTest, AResumeKeepsTheParts) {
  ASSERT_EQ(Train(Flags()).code, 0);
  const std::string part = *ReadFile(run_ + "/val.json");
  // Alone; and with the first command line, as a launcher gives it.
  const Outcome alone = Resume("--max_iters 9");
  EXPECT_EQ(alone.code, 0) << alone.output;
  EXPECT_THAT(alone.output, HasSubstr("validation after iteration 9: AP "));
  EXPECT_THAT(alone.output, Not(HasSubstr("warning")));
  const Outcome again = Train(Flags() + "--max_iters 10 --resume");
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_THAT(again.output, Not(HasSubstr("changed: --ann_file")));
  EXPECT_EQ(*ReadFile(run_ + "/val.json"), part);
  // The run has moved, and so have the pictures.
  const std::string pictures = NewDirectory("resumed_pictures");
  const std::string moved = NewDirectory("resumed_moved");
  fs::rename(data_ + "/images", pictures);
  fs::rename(run_, moved);
  run_ = moved;
  const Outcome elsewhere = Resume("--max_iters 11 --image_dir " + pictures);
  EXPECT_EQ(elsewhere.code, 0) << elsewhere.output;
  EXPECT_THAT(elsewhere.output, HasSubstr(moved + "/train.json"));
  EXPECT_THAT(elsewhere.output, HasSubstr("after iteration 11: AP "));
  const Outcome still = Resume("--max_iters 12");
  EXPECT_EQ(still.code, 0) << still.output;
  // Other annotations are other data.
  fs::rename(data_ + "/annotations.json", data_ + "/other.json");
  const Outcome whole =
      Resume(absl::StrCat("--max_iters 13 --ann_file ", data_, "/other.json"));
  EXPECT_EQ(whole.code, 1) << whole.output;
  EXPECT_THAT(whole.output,
              HasSubstr("pictures: 8 when the run was begun, 12 now"));
  // Gone.
  fs::remove(run_ + "/val.json");
  const Outcome lost = Resume("--max_iters 13");
  EXPECT_EQ(lost.code, 1) << lost.output;
  EXPECT_THAT(lost.output, HasSubstr(run_ + "/val.json"));
  EXPECT_FALSE(fs::exists(run_ + "/val.json"));
}

TEST_F(HoldOutValidationTest, FaultsAreThoseOfTheUsersFile) {
  const auto refused = [&](const std::string& why) {
    const Outcome outcome = Train(Flags());
    EXPECT_EQ(outcome.code, 1) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(why));
    EXPECT_THAT(outcome.output, Not(HasSubstr(run_ + "/")));
    EXPECT_FALSE(fs::exists(run_));
    return outcome.output;
  };
  const std::string name = data_ + "/annotations.json: annotation id 12 ";
  Rewrite(R"({"id": 12, "image_id": 12, "category_id": 1)",
          R"({"id": 12, "image_id": 12, "category_id": "1")");
  EXPECT_THAT(refused(name), Not(HasSubstr("hold_out")));
  Rewrite(R"( "area": 1200,)", "");
  EXPECT_THAT(refused(name), HasSubstr("(an evaluation needs it)"));
  EXPECT_THAT(refused("all pictures train with --set 'data { hold_out: 0 }'"),
              Not(HasSubstr("faults, all found")));
  EXPECT_EQ(Shell("timeout 60 " + Mpi(2, Flags())).code, 1);
  EXPECT_FALSE(fs::exists(run_));
  // Wherever the pictures would have come.
  WriteTinySet(data_, kPictures);
  for (int i = 1; i <= 9; ++i) {
    fs::remove(absl::StrCat(data_, "/images/00000000000", i, ".jpg"));
  }
  EXPECT_THAT(refused("9 of 12 pictures are missing"),
              Not(HasSubstr("held out")));
}

TEST_F(HoldOutValidationTest, ARunThatDoesNotBeginLeavesNoParts) {
  const std::string flags = Flags() + "--init nothing.npz ";
  EXPECT_EQ(Train(flags).code, 1);
  EXPECT_FALSE(fs::exists(run_));
  fs::create_directories(run_);
  EXPECT_EQ(Shell("timeout 60 " + Mpi(2, flags)).code, 1);
  EXPECT_FALSE(fs::exists(run_ + "/train.json"));
  EXPECT_FALSE(fs::exists(run_ + "/val.json"));
}

// The user's own files, where the run is to be.
TEST_F(HoldOutValidationTest, FilesOfTheseNamesAreNotReplaced) {
  fs::create_directories(run_);
  ASSERT_TRUE(WriteFileAtomic(run_ + "/train.json", "mine").ok());
  const Outcome outcome = Train(Flags());
  EXPECT_EQ(outcome.code, 1) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr(run_ + "/train.json is there already"));
  EXPECT_EQ(*ReadFile(run_ + "/train.json"), "mine");
}

}  // namespace
}  // namespace fcis::train
