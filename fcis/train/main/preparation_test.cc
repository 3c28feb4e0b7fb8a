// What would go wrong later is told before the first iteration, at once.
#include "fcis/train/main/preparation.h"

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/fake_communicator.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

size_t Count(const std::string& text, const std::string& part) {
  return std::vector<std::string>(absl::StrSplit(text, part)).size() - 1;
}

class PreparationTest : public TinySetTest {
 protected:
  std::string Flags() const {
    return absl::StrCat(TinyFlags(), "--threads 1 --max_iters 3 --val_every 1 ",
                        DataFlags(data_), "--out ", run_, " ");
  }
  std::string ValidationFlags(const std::string& annotations) const {
    const std::string path = data_ + "/val.json";
    EXPECT_TRUE(WriteFileAtomic(path, annotations).ok());
    return absl::StrCat("--val_ann_file ", path, " --val_image_dir ", data_,
                        "/images ");
  }
  void ExpectRefused(const std::string& flags, const std::string& why) const {
    const Outcome outcome = Train(Flags() + flags);
    EXPECT_EQ(outcome.code, 1) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(why));
    EXPECT_FALSE(fs::exists(run_));
  }
};

TEST_F(PreparationTest, Case49ValidationSetFoundBadLate) {
  const std::string good = TinyAnnotations();
  const auto with = [&](const std::string& from, const std::string& to) {
    const std::string text = absl::StrReplaceAll(good, {{from, to}});
    EXPECT_NE(text, good);
    return ValidationFlags(text);
  };
  ExpectRefused(with("[[8, 8, 48, 8, 48, 38, 8, 38]]", "[[]]"),
                "annotation id 1 (annotations[0]): \"segmentation\": ");
  ExpectRefused(with("000000000004.jpg", "gone.jpg"),
                "1 of 4 pictures are missing, damaged or of another size:");
  ExpectRefused(with("\"height\": 64", "\"height\": 80"),
                "4 of 4 pictures are missing, damaged or of another size:");
  const std::string picture = *ReadFile(data_ + "/images/000000000003.jpg");
  ASSERT_TRUE(
      WriteFileAtomic(data_ + "/images/cut.jpg", picture.substr(0, 400)).ok());
  ExpectRefused(with("000000000003.jpg", "cut.jpg"), "/images/cut.jpg");
  ExpectRefused(ValidationFlags(TinyAnnotations(4, R"({"id": 1, "name": "x"})",
                                                R"({"id": 2, "name": "y"})")),
                "no class in common");
  const Outcome mapped =
      Train(Flags() + "--map_classes 'cat:nothing' " + ValidationFlags(good));
  EXPECT_EQ(mapped.code, 2) << mapped.output;
  ExpectRefused(with(R"("area": 1200,)", ""),
                "annotation id 4 (annotations[3]): \"area\": ");
  ExpectRefused(absl::StrCat("--val_ann_file ", data_,
                             "/typo.json --val_image_dir ", data_),
                "/typo.json");
  ExpectRefused(
      absl::StrCat("--val_ann_file ", data_,
                   "/annotations.json --val_image_dir ", data_, "/typo"),
      absl::StrCat("image id 1: ", data_,
                   "/typo/000000000001.jpg: No such file or directory"));
  const Outcome trained = Train(Flags() + ValidationFlags(good));
  EXPECT_EQ(trained.code, 0) << trained.output;
  EXPECT_THAT(trained.output, HasSubstr("validation after iteration 3: AP "));
  fs::remove_all(run_);
  const Outcome skipped =
      Train(Flags() + "--bad_annotations skip " +
            with("[[8, 8, 48, 8, 48, 38, 8, 38]]},\n{\"id\": 2",
                 "[[]]},\n{\"id\": 2"));
  EXPECT_EQ(skipped.code, 0) << skipped.output;
  EXPECT_THAT(skipped.output, HasSubstr("annotation id 1 (annotations[0])"));
}

TEST_F(PreparationTest, AllFaultsAtOnceAndByOneProcess) {
  ASSERT_TRUE(WriteFileAtomic(data_ + "/file", "x").ok());
  fs::remove(data_ + "/images/000000000002.jpg");
  const std::string flags =
      absl::StrCat(Flags(), "--init nothing.npz --out ", data_, "/file/run ",
                   ValidationFlags(absl::StrReplaceAll(
                       TinyAnnotations(), {{"000000000004", "gone"}})));
  const auto expect_all = [](const Outcome& outcome) {
    EXPECT_EQ(outcome.code, 1) << outcome.output;
    for (const char* part : {"4 faults, all found before the first iteration",
                             "/file/run", "1 of 4 pictures are missing:",
                             "validation set: ", "--init nothing.npz"}) {
      EXPECT_EQ(Count(outcome.output, part), 1u)
          << part << " in " << outcome.output;
    }
  };
  expect_all(Train(flags));
  expect_all(Shell(Mpi(2, flags)));
}

TEST_F(PreparationTest, SpaceForAllCheckpoints) {
  ExpectRefused("--keep_checkpoints 2000000000 ", "free");
}

TEST_F(PreparationTest, BadFlagsAreToldByOneProcess) {
  const Outcome outcome = Shell(Mpi(2, Flags() + "--max_iters -1"));
  EXPECT_EQ(outcome.code, 2) << outcome.output;
  EXPECT_EQ(Count(outcome.output, "expected at least 0"), 1u);
}

// The one that was read first is the one that is validated on.
TEST_F(PreparationTest, AValidationSetIsReadOnce) {
  const std::string flags = absl::StrCat(Flags(), "--max_iters 24 ",
                                         ValidationFlags(TinyAnnotations()));
  ShellJob job(absl::StrCat("exec ", TrainProgram(), " ", flags),
               data_ + "/log");
  job.Await(run_ + "/validation_4");
  ASSERT_TRUE(WriteFileAtomic(data_ + "/val.json", "{}").ok());
  EXPECT_EQ(job.Wait(), 0) << job.said();
  EXPECT_THAT(job.said(), HasSubstr("validation after iteration 24: AP "));
}

// Two machines with data of the same names.
TEST_F(PreparationTest, RanksWithOtherDataAreNamed) {
  const std::string other = NewDirectory("other_data");
  WriteTinySet(other);
  ASSERT_TRUE(WriteFileAtomic(other + "/annotations.json",
                              TinyAnnotations(4, kDog, kCat))
                  .ok());
  const std::string first = Flags();
  const Outcome outcome =
      Shell(TwoRanks(TrainProgram(), first,
                     absl::StrReplaceAll(first, {{data_ + "/", other + "/"}})));
  EXPECT_EQ(outcome.code, 1) << outcome.output;
  EXPECT_THAT(outcome.output,
              HasSubstr("rank 1: the data set differs from rank 0's"));
  EXPECT_THAT(outcome.output,
              HasSubstr("class 1 (id and name): \"1 cat\" on rank 0, \"2 dog\" "
                        "on rank 1"));
  EXPECT_FALSE(fs::exists(run_));  // though rank 0 found nothing wrong
}

TEST_F(PreparationTest, WhatIsOddInAValidationSetIsSaid) {
  const std::string odd = absl::StrReplaceAll(
      TinyAnnotations(), {{"{\"id\": 1, \"image_id\": 1, \"category_id\": 2",
                           "{\"id\": 3, \"image_id\": 2, \"category_id\": 2"},
                          {"\"image_id\": 4, \"category_id\": 1",
                           "\"image_id\": 99, \"category_id\": 1"},
                          {"\"image_id\": 2, \"category_id\": 1",
                           "\"image_id\": 2, \"category_id\": 98"}});
  const Outcome outcome =
      Train(Flags() + "--max_iters 1 " + ValidationFlags(odd));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
  for (const char* part : {"\"images\" lacks their image_id, 99",
                           "\"categories\" lacks their category_id, 98",
                           "have an id that comes again: 3"}) {
    EXPECT_THAT(outcome.output, HasSubstr(part));
  }
  // Its id is the name of a category without one, as in training data.
  fs::remove_all(run_);
  const Outcome nameless =
      Train(Flags() + "--max_iters 1 " +
            ValidationFlags(TinyAnnotations(4, kCat, R"({"id": 2})")));
  EXPECT_EQ(nameless.code, 0) << nameless.output;
}

TEST_F(PreparationTest, RepetitionsOfPaintedScenesAreNone) {
  const std::string line = "data.repeat_threshold has no effect";
  const std::string flags = absl::StrCat(
      TinyFlags("batch: 1 data { repeat_threshold: 0.5 }"), "--max_iters 1 ");
  const Outcome scenes = Train(absl::StrCat(flags, "--out ", run_));
  EXPECT_EQ(scenes.code, 0) << scenes.output;
  EXPECT_THAT(scenes.output, HasSubstr(line));
  fs::remove_all(run_);
  const Outcome set =
      Train(absl::StrCat(flags, DataFlags(data_), "--out ", run_));
  EXPECT_EQ(set.code, 0) << set.output;
  EXPECT_EQ(Count(set.output, line), 0u);
}

// Rank 1 of two, and what rank 0 says.
class RankOne : public FakeCommunicator {
 public:
  explicit RankOne(const RunRecord& first)
      : FakeCommunicator(1, 2), first_(first.SerializeAsString()) {}
  absl::StatusOr<std::string> Broadcast(std::string) override { return first_; }

 private:
  const std::string first_;
};

TEST(CheckSameDataTest, ClassesPicturesAndObjects) {
  RunRecord first;
  first.add_classes("1 cat");
  first.add_pictures("1 a.jpg");
  first.set_objects(7);
  RankOne job(first);
  EXPECT_TRUE(CheckSameData(first, &job).ok());
  RunRecord mine = first;
  mine.set_objects(8);
  EXPECT_THAT(CheckSameData(mine, &job).message(),
              HasSubstr("annotations of the same pictures"));
  mine = first;
  mine.set_validation(9);
  EXPECT_THAT(CheckSameData(mine, &job).message(),
              HasSubstr("the validation set's annotations"));
  mine.set_pictures(0, "1 b.jpg");
  EXPECT_THAT(CheckSameData(mine, &job).message(),
              HasSubstr("only on rank 1: 1 (1 b.jpg)"));
}

}  // namespace
}  // namespace fcis::train
