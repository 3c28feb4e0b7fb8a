// A run is gone on with as it was begun, or not at all.
#include <signal.h>

#include <filesystem>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

// Starts it in the background and kills it once `file` is there.
void TrainUntil(const std::string& flags, const std::string& file) {
  ShellJob job(absl::StrCat("exec ", TrainProgram(), " ", flags), "/dev/null");
  job.Await(file);
  job.Signal(SIGKILL);
  job.Wait();
}

class ResumeTest : public TinySetTest {
 protected:
  // The flags of a run of `iterations` on the data.
  std::string Flags(int iterations, const std::string& out) const {
    return absl::StrCat(TinyFlags(), "--threads 1 ", DataFlags(data_),
                        "--max_iters ", iterations, " --out ", out, " ");
  }
  void Begin(int iterations = 2) const {
    const Outcome begun = Train(Flags(iterations, run_));
    ASSERT_EQ(begun.code, 0) << begun.output;
  }
  Outcome Resume(const std::string& flags = "") const {
    return Train(absl::StrCat("--resume --threads 1 --out ", run_, " ", flags));
  }
  // `name`: of a file in the data's directory.
  std::string ValidationFlags(const std::string& name) const {
    return absl::StrCat("--val_image_dir ", data_, "/images --val_ann_file ",
                        data_, "/", name, " ");
  }
  std::string OtherAnnotations(const std::string& text) const {
    const std::string path = data_ + "/other.json";
    EXPECT_TRUE(WriteFileAtomic(path, text).ok());
    return absl::StrCat("--ann_file ", path, " ");
  }
};

TEST_F(ResumeTest, AloneAfterAKillGoesOnBitForBit) {
  constexpr int kIterations = 30;
  const std::string whole = NewDirectory("resume_whole");
  const std::string flags =
      "--seed 7 --checkpoint_every 2 --keep_checkpoints 0 ";
  ASSERT_EQ(Train(Flags(kIterations, whole) + flags).code, 0);
  // From elsewhere, and with paths that are relative to there.
  TrainUntil(absl::StrCat(TinyFlags(), flags, "--threads 1 --max_iters ",
                          kIterations, " --out ", run_, " ",
                          DataFlags(fs::relative(data_).string())),
             run_ + "/checkpoint_00000004.safetensors");
  ASSERT_FALSE(fs::exists(run_ + "/model.safetensors"));
  const Outcome resumed = Shell(absl::StrCat(
      "cd / && ", TrainProgram(), " --threads 1 --out ", run_, " --resume"));
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resuming from "));
  EXPECT_THAT(resumed.output, Not(HasSubstr("changed")));
  ExpectSameRuns(whole, run_, kIterations);
  EXPECT_TRUE(fs::exists(run_ + "/checkpoint_00000002.safetensors"));
  EXPECT_TRUE(fs::exists(run_ + "/checkpoint_00000028.safetensors"));
}

// Killed before its first checkpoint, it begins again from the same weights.
TEST_F(ResumeTest, WithoutACheckpointItBeginsAgain) {
  const std::string whole = NewDirectory("resume_begun");
  ASSERT_EQ(Train(Flags(3, whole) + "--seed 3").code, 0);
  ASSERT_EQ(Train(Flags(3, run_) + "--seed 3").code, 0);
  fs::remove(run_ + "/checkpoint_00000003.safetensors");
  fs::remove(run_ + "/model.safetensors");
  const Outcome resumed = Resume();
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("no checkpoint yet"));
  ExpectSameRuns(whole, run_, 3);
}

TEST_F(ResumeTest, Case66ResumeWithRenamedClasses) {
  Begin();
  const std::string model = *ReadFile(run_ + "/model.safetensors");
  const auto refused = [&](const std::string& annotations,
                           const std::string& why) {
    const Outcome outcome =
        Resume(OtherAnnotations(annotations) + "--max_iters 4");
    EXPECT_EQ(outcome.code, 1) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(why));
  };
  refused(TinyAnnotations(4, R"({"id": 1, "name": "bus"})"),
          "class 1 (id and name): \"1 cat\" when the run was begun, \"1 bus\" "
          "now");
  refused(TinyAnnotations(4, R"({"id": 1, "name": "dog"})",
                          R"({"id": 2, "name": "cat"})"),
          "\"2 dog\" when the run was begun, \"2 cat\" now");
  refused(TinyAnnotations(4, kDog, kCat), "\"2 dog\" now");
  refused(absl::StrReplaceAll(
              TinyAnnotations(4, kCat, R"({"id": 7, "name": "dog"})"),
              {{"\"category_id\": 2", "\"category_id\": 7"}}),
          "\"7 dog\" now");
  refused(TinyAnnotations(3), "pictures: 4 when the run was begun, 3 now");
  refused(absl::StrReplaceAll(TinyAnnotations(),
                              {{R"("id": 4, "file)", R"("id": 9, "file)"},
                               {R"("image_id": 4)", R"("image_id": 9)"}}),
          "only now: 1 (9 000000000004.jpg)");
  EXPECT_EQ(*ReadFile(run_ + "/model.safetensors"), model);
  EXPECT_EQ(ReadLog(run_).size(), 2u);
  // The same again does go on.
  const Outcome resumed =
      Resume(OtherAnnotations(TinyAnnotations()) + "--max_iters 4");
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("changed: --max_iters: 2 -> 4"));
  EXPECT_THAT(resumed.output, Not(HasSubstr("annotations of them")));
}

TEST_F(ResumeTest, DataMayMoveAndBeMended) {
  Begin();
  const std::string moved = NewDirectory("moved");
  fs::rename(data_, moved);
  const Outcome lost = Resume("--max_iters 4");
  EXPECT_EQ(lost.code, 1);
  EXPECT_THAT(lost.output, HasSubstr(data_ + "/annotations.json"));
  EXPECT_THAT(lost.output, HasSubstr("Where the data have moved to say"));
  const Outcome found = Resume("--max_iters 4 " + DataFlags(moved));
  EXPECT_EQ(found.code, 0) << found.output;
  EXPECT_THAT(found.output, HasSubstr("changed: --image_dir: "));
  // From now on it is there.
  ASSERT_TRUE(WriteFileAtomic(moved + "/annotations.json",
                              absl::StrReplaceAll(TinyAnnotations(),
                                                  {{"[8, 8, 40", "[8, 8, 39"}}))
                  .ok());
  const Outcome mended = Resume("--max_iters 5");
  EXPECT_EQ(mended.code, 0) << mended.output;
  EXPECT_THAT(mended.output, HasSubstr("annotations of them have changed"));
}

TEST_F(ResumeTest, AnotherRecipeIsListedOrAskedFor) {
  Begin();
  const Outcome refused = Resume(
      "--max_iters 4 --seed 5 --init x.npz --set 'batch: 2 optimizer { "
      "weight_decay: 0.25 }'");
  EXPECT_EQ(refused.code, 2) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("\n  batch: 1 -> 2\n"));
  EXPECT_THAT(refused.output, HasSubstr("optimizer.weight_decay: "));
  EXPECT_THAT(refused.output, HasSubstr("--seed: 0 -> 5\n"));
  EXPECT_THAT(refused.output, HasSubstr("--init: scratch -> x.npz\n"));
  const Outcome other =
      Resume("--config chainer_fcis --set 'batch: 1' --max_iters 4");
  EXPECT_EQ(other.code, 2) << other.output;
  EXPECT_THAT(other.output, HasSubstr("model: \"parity_mini\" -> "));
  // The recipe's name alone is not the recipe with --set; the file is.
  EXPECT_EQ(Resume("--config small_scenes --max_iters 4").code, 2);
  const Outcome file = Resume("--config " + run_ + "/config.textproto");
  EXPECT_EQ(file.code, 0) << file.output;

  // On purpose; and once more with the same flags, as a launcher does.
  const std::string on_purpose =
      "--change_recipe --set 'batch: 2 optimizer { layer_scales { layer: "
      "\"rpn/conv1\" scale: 2 } }' --max_iters ";
  const Outcome changed = Resume(on_purpose + "3");
  EXPECT_EQ(changed.code, 0) << changed.output;
  EXPECT_THAT(changed.output, HasSubstr("changed in the recipe: batch: 1 -> "
                                        "2"));
  EXPECT_TRUE(fs::exists(run_ + "/config_until_2.textproto"));
  const Outcome again = Resume(on_purpose + "4");
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_THAT(again.output, Not(HasSubstr("changed in the recipe")));
  const Outcome alone = Resume("--max_iters 5");
  EXPECT_EQ(alone.code, 0) << alone.output;
  EXPECT_FALSE(fs::exists(run_ + "/config_until_4.textproto"));
  EXPECT_EQ(ReadLog(run_).size(), 5u);
}

TEST_F(ResumeTest, OtherThreadsAreSaid) {
  Begin();
  const std::string changed =
      "computed until now by cpu f32, 1 thread, from here on by cpu f32, 2 "
      "threads";
  const Outcome same = Resume("--max_iters 3");
  ASSERT_EQ(same.code, 0) << same.output;
  EXPECT_THAT(same.output, Not(HasSubstr("computed until now")));
  const Outcome more = Resume("--max_iters 4 --threads 2");
  ASSERT_EQ(more.code, 0) << more.output;
  EXPECT_THAT(more.output, HasSubstr(changed));
  // A run begun by a program that did not note them.
  const std::string path = run_ + "/run.textproto";
  const std::string record = ReadFile(path).value();
  ASSERT_THAT(record, HasSubstr("\"cpu f32, 2 threads\""));
  ASSERT_TRUE(
      WriteFileAtomic(path, absl::StrReplaceAll(record, {{", 2 threads", ""}}))
          .ok());
  const Outcome unknown = Resume("--max_iters 5");
  ASSERT_EQ(unknown.code, 0) << unknown.output;
  EXPECT_THAT(unknown.output, Not(HasSubstr("computed until now")));
}

TEST_F(ResumeTest, AFinishedRunSaysSo) {
  Begin(3);
  fs::remove_all(data_);  // It is not read.
  const auto time = fs::last_write_time(run_ + "/model.safetensors");
  const Outcome finished = Resume();
  EXPECT_EQ(finished.code, 0) << finished.output;
  EXPECT_THAT(finished.output,
              HasSubstr("the run is finished: 3 iterations are done"));
  EXPECT_THAT(finished.output, HasSubstr(run_ + "/model.safetensors"));
  EXPECT_EQ(fs::last_write_time(run_ + "/model.safetensors"), time);
  EXPECT_EQ(Resume("--max_iters 2").code, 0);
  WriteTinySet(data_);
  const Outcome longer = Resume("--max_iters 5");
  EXPECT_EQ(longer.code, 0) << longer.output;
  EXPECT_THAT(longer.output, HasSubstr("iterations 4 to 5"));
  EXPECT_THAT(Resume().output, HasSubstr("finished: 5 iterations"));
  // Killed before the new model: the old one is not the run's.
  const std::string model = *ReadFile(run_ + "/model.safetensors");
  fs::remove(run_ + "/model.safetensors");
  const Outcome written = Resume();
  EXPECT_EQ(written.code, 0) << written.output;
  EXPECT_THAT(written.output, HasSubstr("all 5 iterations are done"));
  EXPECT_EQ(*ReadFile(run_ + "/model.safetensors"), model);
}

// An epoch shows pictures of rare classes more than once.
TEST_F(ResumeTest, AFinishedRunCountsTheRecipesEpochs) {
  const std::string recipe = data_ + "/recipe.textproto";
  ASSERT_TRUE(WriteFileAtomic(recipe,
                              "model: 'parity_mini' normalization: BIAS "
                              "frozen_stages: 0 data { repeat_threshold: 1 } "
                              "schedule { phases { end_epoch: 4 lr: 1e-4 } }")
                  .ok());
  const Outcome begun = Train(absl::StrCat(
      "--config ", recipe, " --precision f32 --threads 1 --keep_checkpoints 0 ",
      ValidationFlags("annotations.json"), DataFlags(data_), "--out ", run_));
  ASSERT_EQ(begun.code, 0) << begun.output;
  const size_t iterations = ReadLog(run_).size();
  ASSERT_GE(iterations, 20u);  // 16 without repetitions
  int checkpoints = 0, validations = 0;
  for (const auto& entry : fs::directory_iterator(run_)) {
    const std::string name = entry.path().filename().string();
    checkpoints += absl::StartsWith(name, "checkpoint_");
    validations += absl::StartsWith(name, "validation_");
  }
  EXPECT_EQ(checkpoints, 4);  // one an epoch
  EXPECT_EQ(validations, 4);
  EXPECT_THAT(Resume().output, HasSubstr("the run is finished"));
  const Outcome longer =
      Resume("--change_recipe --set 'schedule { stretch: 1.2 }'");
  EXPECT_EQ(longer.code, 0) << longer.output;
  EXPECT_GT(ReadLog(run_).size(), iterations);
}

TEST_F(ResumeTest, AValidationThatWasCutShortIsDoneAgain) {
  const Outcome begun =
      Train(Flags(4, run_) + ValidationFlags("annotations.json"));
  ASSERT_EQ(begun.code, 0) << begun.output;
  const std::string best = *ReadFile(run_ + "/best.json");
  for (const char* name :
       {"best.json", "best.safetensors", "validation_4", "model.safetensors"}) {
    fs::remove_all(run_ + "/" + name);
  }
  const Outcome resumed = Resume();
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_EQ(*ReadFile(run_ + "/best.json"), best);
  EXPECT_THAT(resumed.output, Not(HasSubstr("warning")));
  // Under another set, "best" has another meaning.
  ASSERT_TRUE(WriteFileAtomic(data_ + "/other.json", TinyAnnotations(3)).ok());
  const Outcome other =
      Resume("--max_iters 5 " + ValidationFlags("other.json"));
  ASSERT_EQ(other.code, 0) << other.output;
  EXPECT_THAT(other.output, HasSubstr("the validation set has changed"));
  EXPECT_THAT(other.output, HasSubstr("found on another validation set"));
  ASSERT_TRUE(fs::exists(run_ + "/best.json.set_aside"));
  EXPECT_EQ(*ReadFile(run_ + "/best.json.set_aside"), best);
  EXPECT_THAT(*ReadFile(run_ + "/best.json"), HasSubstr("\"iteration\": 5"));
}

// Finished, trained again from an earlier checkpoint, and killed before the
// model was made of it.
TEST_F(ResumeTest, AModelOfAnotherPastIsNotTheRuns) {
  constexpr int kIterations = 40;
  const std::string last = run_ + "/checkpoint_00000040.safetensors";
  const std::string model = run_ + "/model.safetensors";
  const Outcome begun =
      Train(Flags(kIterations, run_) +
            "--checkpoint_every 20 --val_every 100 --keep_checkpoints 0 " +
            ValidationFlags("annotations.json"));
  ASSERT_EQ(begun.code, 0) << begun.output;
  TrainUntil(
      absl::StrCat("--resume --threads 1 --out ", run_, " --resume_from ", run_,
                   "/checkpoint_00000020.safetensors --change_recipe "
                   "--max_iters 1000 --set 'optimizer { weight_decay: 0.25 }'"),
      run_ + "/best.safetensors.set_aside");
  EXPECT_FALSE(fs::exists(model));
  EXPECT_TRUE(fs::exists(model + ".set_aside"));
  EXPECT_FALSE(fs::exists(run_ + "/best.json"));
  // As if it had come so far.
  if (!fs::exists(last)) fs::rename(last + ".set_aside", last);
  const Outcome resumed = Resume("--max_iters 40");
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, Not(HasSubstr("the run is finished")));
  EXPECT_TRUE(fs::exists(model));
}

// Before its first checkpoint a run is what its initial weights make it.
TEST_F(ResumeTest, ReplacedInitialWeightsAreAnError) {
  Begin();
  const std::string first = NewDirectory("first_weights");
  fs::rename(run_, first);
  const std::string init = data_ + "/init.safetensors";
  fs::copy_file(first + "/model.safetensors", init);
  const Outcome begun = Train(Flags(2, run_) + "--init " + init);
  ASSERT_EQ(begun.code, 0) << begun.output;
  const std::string model = *ReadFile(run_ + "/model.safetensors");
  const std::string checkpoint = run_ + "/checkpoint_00000002.safetensors";
  fs::rename(checkpoint, data_ + "/kept.safetensors");
  fs::remove(run_ + "/model.safetensors");
  ASSERT_TRUE(WriteFileAtomic(init, model).ok());
  const Outcome refused = Resume();
  EXPECT_EQ(refused.code, 1) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("not the weights that the run was "
                                        "begun with"));
  // The same file in another place of the disk; what a checkpoint replaces.
  fs::copy_file(first + "/model.safetensors", init,
                fs::copy_options::overwrite_existing);
  const Outcome again = Resume();
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_EQ(*ReadFile(run_ + "/model.safetensors"), model);
  // Gone, and named as before, relative to there.
  fs::remove(init);
  const Outcome gone = Shell(absl::StrCat(
      "cd ", data_, " && BUILD_WORKING_DIRECTORY=", data_, " ", TrainProgram(),
      " --threads 1 --resume --max_iters 3 --init init.safetensors --out ",
      run_));
  EXPECT_EQ(gone.code, 0) << gone.output;
  // That it began with those is not forgotten.
  for (const char* name :
       {"checkpoint_00000002.safetensors", "checkpoint_00000003.safetensors",
        "model.safetensors"}) {
    fs::remove(run_ + "/" + name);
  }
  ASSERT_TRUE(WriteFileAtomic(init, model).ok());
  EXPECT_EQ(Resume().code, 1);
}

// Rank 0 says whether the run is finished, and all start at one place.
TEST_F(ResumeTest, RanksStartAndEndTogether) {
  const Outcome begun =
      Train(Flags(4, run_) + "--checkpoint_every 2 --keep_checkpoints 0");
  ASSERT_EQ(begun.code, 0) << begun.output;
  const std::string resume =
      absl::StrCat("--resume --threads 1 --out ", run_, " ");
  const auto both = [&](const std::string& first, const std::string& second) {
    return Shell(absl::StrCat(
        "timeout 60 ",
        TwoRanks(TrainProgram(), resume + first, resume + second)));
  };
  const Outcome longer = both("--max_iters 6", "--max_iters 4");
  EXPECT_EQ(longer.code, 1) << longer.output;
  EXPECT_THAT(longer.output,
              HasSubstr("rank 1 differs from rank 0 in the last iteration"));
  const Outcome earlier =
      both("--max_iters 6", absl::StrCat("--max_iters 6 --resume_from ", run_,
                                         "/checkpoint_00000002.safetensors"));
  EXPECT_EQ(earlier.code, 1) << earlier.output;
  EXPECT_THAT(earlier.output, HasSubstr("the iteration that it starts after"));
}

// Room is needed for what is not there yet.
TEST_F(ResumeTest, CheckpointsThatAreThereNeedNoMoreSpace) {
  Begin();
  const auto space = fs::space(run_);
  const auto size = fs::file_size(run_ + "/checkpoint_00000002.safetensors");
  const std::string flags = absl::StrCat("--max_iters 3 --keep_checkpoints ",
                                         space.available / 2 * 3 / size);
  const Outcome refused = Resume(flags);
  EXPECT_EQ(refused.code, 1) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("free"));
  // A file with a hole, which takes no space.
  fs::resize_file(run_ + "/model.safetensors", space.available);
  const Outcome resumed = Resume(flags);
  EXPECT_EQ(resumed.code, 0) << resumed.output;
}

// A run of an earlier version: what its checkpoint says is compared.
TEST_F(ResumeTest, WithoutARecordTheCheckpointIsCompared) {
  ASSERT_EQ(Train(Flags(2, run_) + "--seed 9").code, 0);
  fs::remove(run_ + "/run.textproto");
  const std::string flags = "--max_iters 4 --image_dir " + data_ + "/images ";
  const Outcome renamed = Resume(absl::StrCat(
      flags, "--seed 9 ",
      OtherAnnotations(TinyAnnotations(4, R"({"id": 1, "name": "bus"})"))));
  EXPECT_EQ(renamed.code, 1) << renamed.output;
  EXPECT_THAT(renamed.output, HasSubstr("\"cat\" -> \"bus\""));
  const Outcome seed = Resume(flags + OtherAnnotations(TinyAnnotations()));
  EXPECT_EQ(seed.code, 1) << seed.output;
  EXPECT_THAT(seed.output, HasSubstr("--seed: 9 -> 0"));
  const Outcome same =
      Resume(flags + "--seed 9 " + OtherAnnotations(TinyAnnotations()));
  EXPECT_EQ(same.code, 0) << same.output;
  EXPECT_THAT(same.output, HasSubstr("has no run.textproto"));
  EXPECT_THAT(Resume().output, HasSubstr("finished: 4 iterations"));
}

// Too few minutes made it smaller.
TEST_F(ResumeTest, KeepsTheInputThatTheRunHas) {
  const Outcome begun = Train(absl::StrCat(
      TinyFlags("schedule { minutes: 0.02 least_epochs: 1000000 }"),
      "--threads 1 ", DataFlags(data_), "--out ", run_));
  ASSERT_EQ(begun.code, 0) << begun.output;
  EXPECT_THAT(begun.output, HasSubstr("input: 80/112 instead of 120/170"));
  const size_t iterations = ReadLog(run_).size();
  const Outcome resumed = Resume(absl::StrCat("--max_iters ", iterations + 1));
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, Not(HasSubstr("warning")));
  EXPECT_EQ(ReadLog(run_).size(), iterations + 1);
  EXPECT_THAT(*ReadFile(run_ + "/model.safetensors"),
              HasSubstr("min_size: 80"));
}

}  // namespace
}  // namespace fcis::train
