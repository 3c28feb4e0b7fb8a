// The program itself: runs, stops, goes on.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(TrainMainTest, WritesARunDirectory) {
  const std::string run = NewDirectory("run");
  const Outcome trained =
      Train(absl::StrCat(TinyFlags(), "--max_iters 3 --out ", run));
  ASSERT_EQ(trained.code, 0) << trained.output;
  EXPECT_THAT(trained.output,
              EndsWith(absl::StrCat(
                  "\nmodel: ", run, "/model.safetensors\n",
                  "To use it:  bazel run //fcis/tools:demo -- -m ", run,
                  "/model.safetensors --imgdir YOUR_PICTURES\n")));
  const auto log = ReadLog(run);
  ASSERT_EQ(log.size(), 3u);
  for (const char* field :
       {"iteration", "epoch", "lr", "loss", "rpn_loc_loss", "rpn_cls_loss",
        "fcis_loc_loss", "fcis_cls_loss", "fcis_mask_loss", "images_per_s"}) {
    EXPECT_TRUE(log[2].HasMember(field)) << field;
  }
  EXPECT_EQ(log[2]["iteration"].GetInt(), 3);
  for (const char* file :
       {"config.textproto", "log.csv", "run.jsonl", "model.safetensors",
        "run.textproto", "checkpoint_00000003.safetensors"}) {
    EXPECT_EQ(access(absl::StrCat(run, "/", file).c_str(), F_OK), 0) << file;
  }
  const Outcome again = Train(absl::StrCat(TinyFlags(), "--out ", run));
  EXPECT_EQ(again.code, 2) << again.output;
}

// Killed at several moments, among them while a checkpoint is written.
TEST(TrainMainTest, AKilledRunGoesOnBitForBit) {
  const std::string whole = NewDirectory("whole");
  const std::string flags = absl::StrCat(
      TinyFlags(), "--max_iters 12 --checkpoint_every 2 --threads 1 --out ");
  ASSERT_EQ(Train(flags + whole).code, 0);
  const std::string killed = NewDirectory("killed");
  int kills = 0;
  for (int attempt = 0; attempt < 200; ++attempt) {
    ShellJob job(absl::StrCat("exec ", TrainProgram(), " ", flags, killed,
                              attempt > 0 ? " --resume" : ""),
                 "/dev/null");
    // Longer each time, so that the run ends on any machine.
    std::this_thread::sleep_for(std::chrono::milliseconds(60 + 25 * attempt));
    job.Signal(SIGKILL);
    const int code = job.Wait();
    if (code != 128 + SIGKILL) {
      // Killed before it had a run, it is no run to go on with.
      if (code == 2 && attempt > 0 && kills == attempt) {
        Shell(absl::StrCat("rm -rf ", killed));
        ASSERT_EQ(Train(absl::StrCat(flags, killed, " --max_iters 1")).code, 0);
        continue;
      }
      ASSERT_EQ(code, 0);
      break;
    }
    ++kills;
  }
  EXPECT_GT(kills, 0);
  ExpectSameRuns(whole, killed, 12);
}

TEST(TrainMainTest, ASignalSavesAndLeaves) {
  const std::string run = NewDirectory("signalled");
  const std::string said = NewDirectory("signalled.out");
  const std::string flags =
      absl::StrCat(TinyFlags(), "--max_iters 100000 --out ", run);
  ShellJob job(absl::StrCat("exec ", TrainProgram(), " ", flags), said);
  job.Await(run + "/log.jsonl");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  job.Signal(SIGTERM);
  EXPECT_EQ(job.Wait(), 0);
  EXPECT_THAT(job.said(), HasSubstr(absl::StrCat("To go on:  bazel run "
                                                 "//fcis/train:train -- --out ",
                                                 run, " --resume\n")));
  const size_t lines = ReadLog(run).size();
  const Outcome resumed = Train(absl::StrCat(
      TinyFlags(), "--resume --max_iters ", lines + 1, " --out ", run));
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr(absl::StrCat("iteration ", lines)));
  EXPECT_EQ(ReadLog(run).size(), lines + 1);
}

TEST(TrainMainTest, GoesOnWithAnotherNumberOfProcesses) {
  const std::string run = NewDirectory("fewer");
  const Outcome two = Shell(Mpi(
      2, absl::StrCat(TinyFlags(), "--threads 1 --max_iters 2 --out ", run)));
  ASSERT_EQ(two.code, 0) << two.output;
  const Outcome one =
      Train(absl::StrCat(TinyFlags(), "--max_iters 4 --resume --out ", run));
  ASSERT_EQ(one.code, 0) << one.output;
  EXPECT_THAT(one.output,
              HasSubstr("took 2 pictures per iteration, this one takes 1"));
  EXPECT_EQ(ReadLog(run).size(), 4);
}

// A loss scale that gradients cannot bear is halved until they can; those
// iterations change nothing. A run that is stopped in between goes on as one
// that was not.
TEST(TrainMainTest, LossScaleLeavesOutWhatOverflows) {
  constexpr int kIterations = 12;
  const auto flags = [](int iterations, const std::string& out) {
    return absl::StrCat(
        TinyFlags("batch: 1 optimizer { loss_scale { initial: 8388608 "
                  "growth_interval: 2 } } loss { fcis_mask: 1e32 }"),
        "--threads 1 --checkpoint_every 1 --max_iters ", iterations, " --out ",
        out);
  };
  const std::string whole = NewDirectory("scaled");
  const Outcome outcome = Train(flags(kIterations, whole));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  const auto log = ReadLog(whole);
  ASSERT_EQ(static_cast<int>(log.size()), kIterations);
  EXPECT_EQ(log[0]["left_out"].GetDouble(), 1);
  double scale = 8388608;
  int grown = 0;
  for (const auto& line : log) {
    const double next = line["loss_scale"].GetDouble();
    EXPECT_EQ(next < scale, line["left_out"].GetDouble() == 1);
    grown += next > scale;
    scale = next;
  }
  EXPECT_GT(grown, 0);
  const std::string stopped = NewDirectory("stopped");
  ASSERT_EQ(Train(flags(3, stopped)).code, 0);
  ASSERT_EQ(Train(flags(kIterations, stopped) + " --resume").code, 0);
  ExpectSameRuns(whole, stopped, kIterations);
}

// Batch norms see the pictures of both processes.
TEST(TrainMainTest, SharedStatisticsAreThoseOfOneBatch) {
  const std::string alone = NewDirectory("alone"), both = NewDirectory("both");
  const auto flags = [](int batch, const std::string& out) {
    return absl::StrCat(
        "--config small_scenes --precision f32 --max_iters 3 --threads 1 --set "
        "'model: \"parity_mini\" normalization: BATCH shared_statistics: true "
        "scenes { count: 10 height: 64 width: 80 } batch: ",
        batch, "' --out ", out);
  };
  ASSERT_EQ(Train(flags(2, alone)).code, 0);
  const Outcome shared = Shell(Mpi(2, flags(1, both)));
  ASSERT_EQ(shared.code, 0) << shared.output;
  const auto a = ReadLog(alone), b = ReadLog(both);
  ASSERT_EQ(a.size(), 3u);
  ASSERT_EQ(b.size(), 3u);
  for (size_t i = 0; i < a.size(); ++i) {
    // Rounding, as above.
    EXPECT_NEAR(a[i]["loss"].GetDouble(), b[i]["loss"].GetDouble(),
                1e-3 * a[i]["loss"].GetDouble());
  }
  EXPECT_NEAR(a[0]["loss"].GetDouble(), b[0]["loss"].GetDouble(), 1e-5);
}

// The user's own data set, shared among two processes, validated by both.
TEST(TrainMainTest, ValidatesAndKeepsTheBest) {
  const std::string run = NewDirectory("validated");
  const std::string annotations =
      *FindRunfile("fcis/data/scenes/annotations.json");
  const std::string images = *FindRunfile("fcis/data/scenes/images");
  const Outcome outcome = Shell(Mpi(
      2, absl::StrCat(
             TinyFlags(), "--max_iters 2 --threads 1 --val_every 0.1 --out ",
             run, " --ann_file ", annotations, " --image_dir ", images,
             " --val_ann_file ", annotations, " --val_image_dir ", images)));
  ASSERT_EQ(outcome.code, 0) << outcome.output;
  EXPECT_THAT(outcome.output,
              ContainsRegex("validation after iteration 2: AP 0\\.[0-9]{3}, "
                            "AP50 0\\.[0-9]{3}\n"));
  for (const char* file :
       {"best.safetensors", "best.json", "validation_2/results.json"}) {
    EXPECT_EQ(access(absl::StrCat(run, "/", file).c_str(), F_OK), 0) << file;
  }
  const auto validations = ReadValidations(run);
  ASSERT_FALSE(validations.empty());
  EXPECT_EQ(validations.back()["iteration"].GetInt(), 2);
  EXPECT_TRUE(validations.back()["validation_ap50"].IsDouble());
  // Once, by rank 0.
  const std::string use =
      absl::StrCat("\nTo use it:  bazel run //fcis/tools:demo -- -m ", run,
                   "/model.safetensors");
  const std::vector<std::string> parts = absl::StrSplit(outcome.output, use);
  EXPECT_THAT(parts, SizeIs(2));
  EXPECT_THAT(outcome.output, HasSubstr("\n| **mean** | "));
  EXPECT_THAT(outcome.output, HasSubstr("\n| ellipse | "));
  EXPECT_THAT(outcome.output,
              HasSubstr(absl::StrCat(
                  "\nTo score it:  bazel run //fcis/eval:eval -- -m ", run,
                  "/model.safetensors --ann_file ", WithShortPaths(annotations),
                  " --image_dir ", WithShortPaths(images))));
  const std::string picture = run + "/validation.jpg";
  const auto sheet = data::ReadImage(picture);
  ASSERT_TRUE(sheet.ok()) << sheet.status();
  EXPECT_GT(sheet->height, sheet->width);  // of several rows
  EXPECT_THAT(outcome.output,
              HasSubstr("Predictions beside truth:  " + picture));
  const Outcome again = Train("--resume --out " + run);
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("the run is finished"));
  EXPECT_THAT(again.output, HasSubstr(use));
  EXPECT_THAT(again.output, HasSubstr(picture));
}

using OwnModelTest = TinySetTest;

// The model beside the recipe names no classes: they are the data set's.
TEST_F(OwnModelTest, StandsBesideTheRecipe) {
  const std::string mine = NewDirectory("mine");
  Shell(absl::StrCat("mkdir -p ", mine, "/models"));
  const auto write_recipe = [&](const std::string& fields) {
    ASSERT_TRUE(WriteFileAtomic(mine + "/recipe.textproto",
                                absl::StrCat("normalization: BIAS "
                                             "frozen_stages: 0 schedule { "
                                             "phases { end_iteration: 9 lr: "
                                             "1e-4 } } ",
                                             fields))
                    .ok());
  };
  write_recipe("model: 'models/tiny.textproto'");
  const auto train_from = [&](const std::string& directory,
                              const std::string& flags) {
    return Shell(absl::StrCat("cd ", directory, " && ", TrainProgram(),
                              " --precision f32 --max_iters 1 ",
                              DataFlags(data_), flags));
  };
  const std::string flags =
      absl::StrCat("--config ", mine, "/recipe.textproto --out ");
  const Outcome missing = train_from("/", flags + run_);
  EXPECT_EQ(missing.code, 2) << missing.output;
  EXPECT_THAT(missing.output, HasSubstr(mine + "/models/tiny.textproto: "));
  ASSERT_TRUE(
      WriteFileAtomic(mine + "/models/tiny.textproto",
                      "input { min_size: 64 max_size: 80 }"
                      "backbone { blocks: [1, 1, 1, 1] width: 4 }"
                      "rpn { mid_channels: 24 scales: [2, 4] post_nms: 24 }"
                      "head { mid_channels: 40 group_size: 3 roi_size: 14 }")
          .ok());
  const Outcome trained = train_from("/", flags + run_);
  ASSERT_EQ(trained.code, 0) << trained.output;
  const std::string model = *ReadFile(run_ + "/model.safetensors");
  EXPECT_THAT(model, HasSubstr("cat"));
  EXPECT_THAT(model, HasSubstr("dog"));
  const Outcome resumed =
      Shell(absl::StrCat("cd ", data_, " && ", TrainProgram(), " --out ", run_,
                         " --resume --max_iters 2 --precision f32"));
  EXPECT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_EQ(ReadLog(run_).size(), 2u);
  // As `bazel run` starts it; the initial weights stand there too.
  write_recipe("model: 'models/tiny.textproto' init: 'first.safetensors'");
  ASSERT_TRUE(WriteFileAtomic(mine + "/first.safetensors", model).ok());
  const Outcome second = train_from(
      "/", absl::StrCat("--config recipe.textproto --out ", run_, "2"));
  EXPECT_EQ(second.code, 2) << second.output;
  setenv("BUILD_WORKING_DIRECTORY", mine.c_str(), 1);
  const Outcome third = train_from(
      "/", absl::StrCat("--config recipe.textproto --out ", run_, "2"));
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(third.code, 0) << third.output;
  EXPECT_THAT(third.output, HasSubstr("tensors of first.safetensors"));
}

// A rate at which the second iteration cannot be finite.
std::string WildRecipe() {
  const std::string path = testing::TempDir() + "/wild.textproto";
  EXPECT_TRUE(
      WriteFileAtomic(path,
                      "model: 'parity_mini' normalization: BIAS frozen_stages: "
                      "0 scenes { count: 10 height: 64 width: 80 } schedule { "
                      "phases { end_iteration: 50 lr: 1e20 } }")
          .ok());
  return path;
}

TEST(TrainMainTest, ALossThatIsNotFiniteIsNamed) {
  const Outcome wild = Train(
      absl::StrCat("--config ", WildRecipe(), " --out ", NewDirectory("wild")));
  EXPECT_EQ(wild.code, 1) << wild.output;
  EXPECT_THAT(wild.output, HasSubstr("iteration 2: "));
  EXPECT_THAT(wild.output, HasSubstr("for image ids scene "));
}

TEST(TrainMainTest, AnErrorEndsTheWholeJob) {
  const Outcome failed = Shell(
      Mpi(2, absl::StrCat("--config ", WildRecipe(), " --threads 1 --out ",
                          NewDirectory("failing"))));
  EXPECT_NE(failed.code, 0);
  EXPECT_THAT(failed.output, HasSubstr("iteration 2: "));
}

TEST(TrainMainTest, SumsInBf16NeedGpus) {
  const std::string flags =
      "--config small_scenes --device cpu --precision f32 --threads 1 "
      "--max_iters 1 --set 'model: \"parity_mini\" gradient_sums: BF16 "
      "scenes { count: 10 height: 64 width: 80 } batch: 1' --out ";
  const Outcome both = Shell(Mpi(2, flags + NewDirectory("bf16_both")));
  EXPECT_NE(both.code, 0);
  EXPECT_THAT(both.output, HasSubstr("sums in bf16 need GPUs"));
  // One process sums nothing.
  const Outcome alone = Train(flags + NewDirectory("bf16_alone"));
  EXPECT_EQ(alone.code, 0) << alone.output;
}

TEST(TrainMainTest, BadFlagsAreUsageErrors) {
  for (const char* flags :
       {"--config nonsense", "--set 'no_field: 1'", "--ann_file a.json",
        "--resume", "--max_iters -1", "--loader_threads 0", "stray",
        "--device cuda:7", "--val_image_dir d", "--resume_from x --out y",
        "--change_recipe"}) {
    const Outcome outcome = Train(flags);
    EXPECT_EQ(outcome.code, 2) << flags << ": " << outcome.output;
  }
}

TEST(TrainMainTest, MissingDataAndWeightsSayHowToFetchThem) {
  const std::string empty = NewDirectory("empty");
  const Outcome data =
      Train(absl::StrCat("--data_dir ", empty, " --out ", empty, "/run"));
  EXPECT_EQ(data.code, 1);
  EXPECT_THAT(data.output, HasSubstr("download -- datasets"));
  const Outcome weights = Train(
      absl::StrCat(TinyFlags(), "--init resnet101_imagenet --nodownload --out ",
                   empty, "/run"));
  EXPECT_EQ(weights.code, 1);
  EXPECT_THAT(weights.output, HasSubstr("download -- models"));
  EXPECT_THAT(weights.output, HasSubstr("--init scratch"));
}

}  // namespace
}  // namespace fcis::train
