#include "fcis/train/checkpoint/checkpoint_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <limits>
#include <thread>

#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string NewDirectory(absl::string_view name) {
  const fs::path path = fs::path(::testing::TempDir()) / std::string(name);
  fs::remove_all(path);
  fs::create_directories(path);
  return path.string();
}

Checkpoint At(int64_t iteration, int64_t elements = 4) {
  Checkpoint checkpoint;
  checkpoint.iteration = iteration;
  checkpoint.tensors["a"] = Tensor::Zeros({elements});
  checkpoint.tensors["a"].mutable_data<float>()[0] = iteration;
  return checkpoint;
}

void WriteAll(const std::string& directory,
              const std::vector<int64_t>& iterations) {
  for (const int64_t iteration : iterations) {
    const auto path = WriteCheckpoint(directory, At(iteration));
    ASSERT_TRUE(path.ok()) << path.status();
  }
}

std::vector<int64_t> Iterations(const std::string& directory) {
  const std::vector<std::string> paths = *ListCheckpoints(directory);
  std::vector<int64_t> iterations;
  for (const std::string& path : paths) {
    iterations.push_back(
        CheckpointIteration(fs::path(path).filename().string()));
  }
  return iterations;
}

void Flip(const std::string& path) {
  std::string bytes = *ReadFile(path);
  bytes.back() ^= 1;
  ASSERT_TRUE(WriteFileAtomic(path, bytes).ok());
}

TEST(CheckpointStore, NewestFirst) {
  const std::string directory = NewDirectory("newest");
  EXPECT_THAT(Iterations(directory), IsEmpty());
  WriteAll(directory, {9, 100, 20});
  ASSERT_TRUE(WriteFileAtomic(directory + "/log.jsonl", "").ok());
  EXPECT_THAT(Iterations(directory), ElementsAre(100, 20, 9));
  const auto found = FindCheckpoint(directory);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->checkpoint.iteration, 100);
  EXPECT_THAT(found->path, HasSubstr("checkpoint_00000100.safetensors"));
  EXPECT_THAT(found->warnings, IsEmpty());
  EXPECT_EQ(
      FindCheckpoint(directory + "/" + CheckpointName(9))->checkpoint.iteration,
      9);
}

TEST(CheckpointStore, FallsBackToTheOneBefore) {
  const std::string directory = NewDirectory("damaged");
  WriteAll(directory, {1, 2, 3});
  Flip(directory + "/" + CheckpointName(3));
  fs::resize_file(directory + "/" + CheckpointName(2), 100);
  const auto found = FindCheckpoint(directory);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->checkpoint.iteration, 1);
  EXPECT_THAT(found->warnings, ElementsAre(HasSubstr(CheckpointName(3)),
                                           HasSubstr(CheckpointName(2))));

  const absl::Status asked =
      FindCheckpoint(directory + "/" + CheckpointName(3)).status();
  EXPECT_EQ(asked.code(), absl::StatusCode::kDataLoss);
  Flip(directory + "/" + CheckpointName(1));
  const absl::Status none = FindCheckpoint(directory).status();
  EXPECT_EQ(none.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(none.message(), HasSubstr(CheckpointName(1)));
}

TEST(CheckpointStore, NoneIsNotDamage) {
  EXPECT_EQ(FindCheckpoint(NewDirectory("none")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(FindCheckpoint("/no/such/run").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(ListCheckpoints("/no/such/run").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_THAT(WriteCheckpoint("/no/such/run", At(1)).status().message(),
              HasSubstr("/no/such/run"));
}

TEST(CheckpointStore, PruneKeepsTheLastAndTheBest) {
  const std::string directory = NewDirectory("prune");
  WriteAll(directory, {1, 2, 3, 4});
  ASSERT_TRUE(*KeepIfBest(directory, {1, 0.5}));
  const std::string left_over =
      directory + "/" + CheckpointName(5) + ".77.0.tmp";
  const std::string foreign = directory + "/notes.tmp";
  for (const std::string& path : {left_over, foreign}) {
    ASSERT_TRUE(WriteFileAtomic(path, "half").ok());
  }
  ASSERT_TRUE(PruneCheckpoints(directory, 0).ok());
  EXPECT_THAT(Iterations(directory), ElementsAre(4, 3, 2, 1));
  EXPECT_FALSE(fs::exists(left_over));
  EXPECT_TRUE(fs::exists(foreign));
  ASSERT_TRUE(PruneCheckpoints(directory, 2).ok());
  EXPECT_THAT(Iterations(directory), ElementsAre(4, 3));
  const auto best = ReadCheckpoint(directory + "/best.safetensors");
  ASSERT_TRUE(best.ok()) << best.status();
  EXPECT_EQ(best->iteration, 1);
}

TEST(CheckpointStore, BestByAp) {
  const std::string directory = NewDirectory("best");
  EXPECT_FALSE(ReadBest(directory)->has_value());
  WriteAll(directory, {1, 2, 3});
  EXPECT_TRUE(*KeepIfBest(directory, {1, 0.25}));
  EXPECT_TRUE(*KeepIfBest(directory, {2, 0.1 + 0.2}));
  EXPECT_FALSE(*KeepIfBest(directory, {3, 0.1 + 0.2}));
  const std::optional<BestCheckpoint> best = *ReadBest(directory);
  EXPECT_EQ(best->iteration, 2);
  EXPECT_EQ(best->ap, 0.1 + 0.2);
  EXPECT_EQ(ReadCheckpoint(directory + "/best.safetensors")->iteration, 2);
  // The same once more, as a resumed run may do.
  fs::remove(directory + "/best.json");
  EXPECT_TRUE(*KeepIfBest(directory, {2, 0.5}));
  for (const auto& entry : fs::directory_iterator(directory)) {
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
  }

  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(KeepIfBest(directory, {3, nan}).ok());
  EXPECT_FALSE(KeepIfBest(directory, {77, 0.9}).ok());
  EXPECT_EQ((*ReadBest(directory))->iteration, 2);
  ASSERT_TRUE(WriteFileAtomic(directory + "/best.json", "{\"ap\":").ok());
  EXPECT_THAT(ReadBest(directory).status().message(), HasSubstr("best.json"));
}

TEST(CheckpointStore, ValidationsAfterTheBestAreKept) {
  const std::string directory = NewDirectory("later");
  WriteAll(directory, {10, 40});
  const auto later = [&] { return (*ReadBest(directory))->later; };
  EXPECT_TRUE(*KeepIfBest(directory, {10, 0.5}));
  EXPECT_FALSE(*KeepIfBest(directory, {10, 0.5}));  // again
  EXPECT_THAT(later(), IsEmpty());
  for (const int64_t iteration : {20, 30, 30}) {
    EXPECT_FALSE(*KeepIfBest(directory, {iteration, 0.25}));
  }
  EXPECT_THAT(later(), ElementsAre(20, 30));
  // From an earlier checkpoint on they are made once more.
  EXPECT_EQ(*SetAsideBest(directory, 30, 0), "");
  EXPECT_THAT(later(), ElementsAre(20, 30));
  EXPECT_EQ(*SetAsideBest(directory, 25, 0), "");
  EXPECT_THAT(later(), ElementsAre(20));
  EXPECT_EQ((*ReadBest(directory))->ap, 0.5);
  EXPECT_TRUE(*KeepIfBest(directory, {40, 0.75}));
  EXPECT_THAT(later(), IsEmpty());
  for (const char* bad : {"3", "[\"3\"]"}) {
    ASSERT_TRUE(WriteFileAtomic(directory + "/best.json",
                                std::string(R"({"iteration": 1, "ap": 1, )") +
                                    "\"without_improvement\": " + bad + "}")
                    .ok());
    EXPECT_THAT(ReadBest(directory).status().message(),
                HasSubstr("best.json: byte "));
  }
}

TEST(CheckpointStore, NewerOnesAreSetAside) {
  const std::string directory = NewDirectory("aside");
  WriteAll(directory, {10, 20, 30});
  EXPECT_THAT(*SetAsideNewer(directory, 10),
              ElementsAre(HasSubstr("00000030.safetensors.set_aside"),
                          HasSubstr("00000020.safetensors.set_aside")));
  EXPECT_THAT(Iterations(directory), ElementsAre(10));
  EXPECT_THAT(*SetAsideNewer(directory, 10), IsEmpty());
}

TEST(CheckpointStore, ABestThatComparesNoMoreIsSetAside) {
  const std::string directory = NewDirectory("best_aside");
  EXPECT_EQ(*SetAsideBest(directory, 10, 7), "");
  const auto begin = [&](uint64_t validation) {
    WriteAll(directory, {20});
    BestCheckpoint best;
    best.iteration = 20;
    best.ap = 0.5;
    best.validation = validation;
    ASSERT_TRUE(*KeepIfBest(directory, best));
    EXPECT_EQ((*ReadBest(directory))->validation, validation);
  };
  const auto expect_aside = [&] {
    EXPECT_FALSE(ReadBest(directory)->has_value());
    EXPECT_FALSE(fs::exists(directory + "/best.safetensors"));
    EXPECT_EQ(
        ReadCheckpoint(directory + "/best.safetensors.set_aside")->iteration,
        20);
  };
  constexpr uint64_t kSet = 0xFEDCBA9876543210u;
  begin(kSet);
  EXPECT_EQ(*SetAsideBest(directory, 20, kSet), "");
  EXPECT_EQ(*SetAsideBest(directory, 20, 0), "");  // There is none now.
  EXPECT_TRUE(ReadBest(directory)->has_value());
  EXPECT_THAT(*SetAsideBest(directory, 20, kSet + 1),
              HasSubstr("iteration 20, was found on another validation set"));
  expect_aside();
  begin(kSet);
  EXPECT_THAT(*SetAsideBest(directory, 19, kSet), HasSubstr("is later than"));
  expect_aside();
  begin(0);  // as earlier versions kept it
  EXPECT_EQ(*SetAsideBest(directory, 20, kSet), "");
  ASSERT_TRUE(
      WriteFileAtomic(directory + "/best.json",
                      R"({"iteration": 1, "ap": 1, "validation_set": "x y"})")
          .ok());
  EXPECT_THAT(ReadBest(directory).status().message(), HasSubstr("best.json"));
  ASSERT_TRUE(
      WriteFileAtomic(directory + "/best.json", R"({"iteration": 1})").ok());
  EXPECT_THAT(ReadBest(directory).status().message(),
              HasSubstr("best.json: expected an object with 'iteration' and"));
}

// A child writes one checkpoint after the other until it is killed: what then
// lies there is sound, and none is older than the last it reported.
TEST(CheckpointStore, KilledWriterLeavesSoundCheckpoints) {
  const std::string directory = NewDirectory("killed");
  constexpr int64_t kElements = 1 << 19;
  int64_t last = 0;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      for (int64_t i = last + 1;; ++i) {
        if (!WriteCheckpoint(directory, At(i, kElements)).ok()) _exit(1);
        if (write(ends[1], &i, sizeof i) != sizeof i) _exit(1);
        if (!PruneCheckpoints(directory, 2).ok()) _exit(1);
      }
    }
    close(ends[1]);
    ASSERT_EQ(read(ends[0], &last, sizeof last), ssize_t{sizeof last});
    std::this_thread::sleep_for(std::chrono::milliseconds(3 + 7 * round));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (read(ends[0], &last, sizeof last) == ssize_t{sizeof last}) {
    }
    close(ends[0]);

    const auto found = FindCheckpoint(directory);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_THAT(found->warnings, IsEmpty());
    EXPECT_GE(found->checkpoint.iteration, last);
    EXPECT_EQ(found->checkpoint.tensors.at("a").data<float>()[0],
              found->checkpoint.iteration);
    last = found->checkpoint.iteration;
  }
}

}  // namespace
}  // namespace fcis::train
