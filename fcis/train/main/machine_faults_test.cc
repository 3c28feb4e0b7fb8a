// Trainings on machines where more than the disk goes wrong: the clock, the
// memory, the pictures, other processes.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/base/control_groups.h"
#include "fcis/core/image/image.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/cut_off.h"
#include "fcis/core/testing/fault_run.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// Should the command neither end nor fail, that is the failure: 124.
std::string Bounded(const std::string& command) {
  return absl::StrCat("exec timeout -k 1 100 ", command);
}

// Processes whose command line holds `text` and whose environment `variable`.
std::vector<pid_t> Processes(const std::string& text,
                             const std::string& variable = "") {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    int pid = 0;
    const std::string path = entry.path();
    if (!absl::SimpleAtoi(entry.path().filename().string(), &pid)) continue;
    const std::string line = ReadFile(path + "/cmdline").value_or("");
    const std::string environment = ReadFile(path + "/environ").value_or("");
    if (absl::StrContains(line, text) &&
        absl::StrContains(environment, variable)) {
      found.push_back(pid);
    }
  }
  return found;
}

int NewestCheckpoint(const std::string& run) {
  int newest = 0;
  for (const auto& entry : fs::directory_iterator(run)) {
    const std::string name = entry.path().filename();
    int iteration = 0;
    if (absl::StartsWith(name, "checkpoint_") &&
        absl::EndsWith(name, ".safetensors") &&
        absl::SimpleAtoi(name.substr(11, 8), &iteration)) {
      newest = std::max(newest, iteration);
    }
  }
  return newest;
}

class MachineFaultsTest : public TinySetTest {
 protected:
  std::string Flags(int iterations, const std::string& out) const {
    return absl::StrCat(TinyFlags(), DataFlags(data_),
                        "--threads 1 --checkpoint_every 2 --max_iters ",
                        iterations, " --out ", out, " ");
  }
  // A training that goes on until something ends it.
  std::string Endless() const {
    return Bounded(absl::StrCat(TrainProgram(), " ", Flags(1000000, run_)));
  }
  std::string Said() const { return run_ + ".said"; }

  // What was broken off goes on to what it would have been.
  void ExpectGoesOn() {
    const int iterations = NewestCheckpoint(run_) + 2;
    const Outcome resumed = Train(absl::StrCat(
        "--resume --threads 1 --max_iters ", iterations, " --out ", run_));
    ASSERT_EQ(resumed.code, 0) << resumed.output;
    const std::string whole = NewDirectory("undisturbed");
    ASSERT_EQ(Train(Flags(iterations, whole)).code, 0);
    ExpectSameRuns(whole, run_, iterations);
  }
};

// A day ahead and back, again and again.
TEST_F(MachineFaultsTest, TheClockJumps) {
  constexpr int kIterations = 6, kDay = 24 * 3600;
  const std::string whole = NewDirectory("steady");
  ASSERT_EQ(Train(Flags(kIterations, whole)).code, 0);
  const FaultRun jumped =
      RunWithFault(absl::StrCat(TrainProgram(), " ", Flags(kIterations, run_),
                                "--timeout 60"),
                   "clock", "", 3, kDay);
  ASSERT_EQ(jumped.code, 0) << jumped.said;
  EXPECT_TRUE(jumped.failed);
  ExpectSameRuns(whole, run_, kIterations);
  double elapsed = 0;
  for (const auto& line : ReadLog(run_)) {
    EXPECT_GT(line["images_per_s"].GetDouble(), 0.001);
    EXPECT_GE(line["elapsed_s"].GetDouble(), elapsed);
    elapsed = line["elapsed_s"].GetDouble();
  }
  EXPECT_LT(elapsed, kDay / 2);
}

// Pictures that were there when the training began.
class LostPictureTest : public MachineFaultsTest {
 protected:
  void ExpectNamed(const std::function<void(const std::string&)>& spoil,
                   const std::string& reason) {
    const std::string picture = data_ + "/images/000000000003.jpg";
    const std::string kept = data_ + "/kept.jpg";
    fs::copy_file(picture, kept);
    ShellJob training(Endless(), Said());
    training.Await(run_ + "/log.jsonl");
    // In one step, or it might be read while it is not there.
    const std::string spoiled = data_ + "/spoiled.jpg";
    spoil(spoiled);
    if (fs::exists(spoiled)) {
      fs::rename(spoiled, picture);
    } else {
      fs::remove(picture);
    }
    EXPECT_EQ(training.Wait(), 1) << training.said();
    EXPECT_THAT(training.said(), HasSubstr("000000000003.jpg"));
    EXPECT_THAT(training.said(), ContainsRegex("id:? 3"));
    EXPECT_THAT(training.said(), HasSubstr(reason));
    fs::remove(picture);
    fs::rename(kept, picture);
    ExpectGoesOn();
  }
};

TEST_F(LostPictureTest, Vanished) {
  ExpectNamed([](const std::string&) {}, "No such file or directory");
}

TEST_F(LostPictureTest, APipe) {
  ExpectNamed([](const std::string& path) { mkfifo(path.c_str(), 0600); },
              "pipe");
}

TEST_F(LostPictureTest, CutShort) {
  ExpectNamed(
      [&](const std::string& path) {
        fs::copy_file(data_ + "/kept.jpg", path);
        fs::resize_file(path, fs::file_size(path) / 2);
      },
      "truncated");
}

TEST_F(LostPictureTest, OfAnotherSize) {
  ExpectNamed(
      [&](const std::string& path) {
        ASSERT_TRUE(
            WriteFileAtomic(path, *data::EncodeJpeg(Image(20, 30), 80)).ok());
      },
      "annotations say");
}

// Both find no run there.
TEST_F(MachineFaultsTest, TwoJobsBeginOneRun) {
  const std::string whole = NewDirectory("one_job");
  ASSERT_EQ(Train(Flags(4, whole)).code, 0);
  const std::string command =
      Bounded(absl::StrCat(TrainProgram(), " ", Flags(4, run_)));
  ShellJob first(command, Said()), second(command, Said() + "2");
  const int codes[] = {first.Wait(), second.Wait()};
  EXPECT_THAT(codes,
              AnyOf(testing::ElementsAre(0, 2), testing::ElementsAre(2, 0)));
  EXPECT_THAT(first.said() + second.said(), HasSubstr("already holds a run"));
  ExpectSameRuns(whole, run_, 4);
}

// Of two ranks, which need each other in sums of gradients.
class RanksTest : public MachineFaultsTest {
 protected:
  pid_t Rank(int rank) const {
    const std::vector<pid_t> found =
        Processes(run_, absl::StrCat("OMPI_COMM_WORLD_RANK=", rank));
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? 0 : found[0];
  }
  // The job has failed; its run goes on to what it would have been.
  void ExpectEnded(ShellJob* job) {
    EXPECT_NE(job->Wait(), 0);
    // mpiexec may end a moment before those that it has killed.
    const absl::Time late = absl::Now() + absl::Seconds(20);
    while (!Processes(run_).empty() && absl::Now() < late) {
      absl::SleepFor(absl::Milliseconds(20));
    }
    EXPECT_THAT(Processes(run_), testing::IsEmpty()) << job->said();
    const int iterations = NewestCheckpoint(run_) + 2;
    const Outcome resumed =
        Shell(Mpi(2, absl::StrCat("--resume --threads 1 --max_iters ",
                                  iterations, " --out ", run_)));
    ASSERT_EQ(resumed.code, 0) << resumed.output;
    const std::string whole = NewDirectory("both_ranks");
    ASSERT_EQ(Shell(Mpi(2, Flags(iterations, whole))).code, 0);
    ExpectSameRuns(whole, run_, iterations);
  }
};

TEST_F(RanksTest, OneIsKilled) {
  ShellJob job(Bounded(Mpi(2, Flags(1000000, run_))), Said());
  job.Await(run_ + "/checkpoint_00000002.safetensors");
  kill(Rank(1), SIGKILL);
  ExpectEnded(&job);
  EXPECT_THAT(job.said(), HasSubstr("signal 9"));
}

class CutOffTest : public RanksTest, public testing::WithParamInterface<Cut> {};

// They speak as two machines do.
TEST_P(CutOffTest, ByTheNetwork) {
  ShellJob job(
      Bounded(absl::StrCat("env OMPI_MCA_pml=ob1 OMPI_MCA_btl=tcp,self "
                           "OMPI_MCA_btl_tcp_if_include=lo ",
                           // And five more that one waits for the other.
                           Mpi(2, Flags(1000000, run_) + "--timeout 5"))),
      Said());
  job.Await(run_ + "/checkpoint_00000002.safetensors");
  const int before = NewestCheckpoint(run_);
  ASSERT_GT(CutOff(Rank(0), Rank(1), GetParam()), 0) << job.said();
  // What was under way may still arrive; more does not.
  constexpr int kMore = 20;
  while (!job.Ended() && NewestCheckpoint(run_) < before + kMore) {
    absl::SleepFor(absl::Milliseconds(20));
  }
  if (!job.Ended()) {
    // A connection that breaks while nothing is under way is made anew.
    EXPECT_EQ(GetParam(), Cut::kBroken) << job.said();
    kill(Rank(1), SIGKILL);
  }
  ExpectEnded(&job);
  EXPECT_THAT(job.said(), ContainsRegex("hangs|onnection|closed|signal 9"));
}

INSTANTIATE_TEST_SUITE_P(Ways, CutOffTest,
                         testing::Values(Cut::kSilent, Cut::kBroken));

// From too little to begin with to nearly enough.
TEST_F(MachineFaultsTest, LittleMemory) {
  int refused = 0;
  for (int mb = 120; mb <= 400; mb += 40) {
    Shell("rm -rf " + run_);
    const std::string limit = absl::StrCat("ulimit -v ", 1024 * mb, "; ");
    const Outcome little = Shell(
        absl::StrCat("(", limit, TrainProgram(), " ", Flags(2, run_), ")"));
    SCOPED_TRACE(absl::StrCat(mb, " MiB: ", little.output));
    if (little.code == 127) continue;  // its libraries do not fit
    ASSERT_THAT(little.code, AnyOf(0, 1));
    if (little.code == 0) continue;
    ++refused;
    EXPECT_THAT(little.output, ContainsRegex("[Mm]emory|temporarily"));
    Outcome again = Train(absl::StrCat("--resume --threads 1 --out ", run_));
    if (again.code == 2) again = Train(Flags(2, run_));
    EXPECT_EQ(again.code, 0) << again.output;
  }
  EXPECT_GT(refused, 0);
}

// A group of processes with so much memory; none where none can be made.
class MemoryGroup {
 public:
  explicit MemoryGroup(const std::string& name) {
    for (const ControlGroup& group : FindControlGroups("memory", "")) {
      directory_ = absl::StrCat(group.directory, "/", name);
      limit_ =
          directory_ + (group.v2 ? "/memory.max" : "/memory.limit_in_bytes");
      std::error_code error;
      fs::create_directory(directory_, error);
      if (fs::exists(limit_)) return;  // with the controller
      rmdir(directory_.c_str());
    }
    directory_.clear();
  }
  ~MemoryGroup() {
    if (!directory_.empty()) rmdir(directory_.c_str());
  }

  bool Allows(int mb) const {
    return !directory_.empty() &&
           std::system(
               absl::StrCat("echo ", mb, "M > ", limit_, " 2> /dev/null")
                   .c_str()) == 0;
  }
  std::string Enter() const {
    return absl::StrCat("echo 0 > ", directory_, "/cgroup.procs && exec ");
  }
  const std::string& limit() const { return limit_; }

 private:
  std::string directory_, limit_;
};

// The kernel ends what takes more than its group may have, without a word: it
// was said before, and nothing is lost.
TEST_F(MachineFaultsTest, AGroupsMemoryDoesNotSuffice) {
  const MemoryGroup group(absl::StrCat("fcis_test_", getpid()));
  const auto train = [&](const std::string& flags) {
    return Shell(absl::StrCat("(", group.Enter(), TrainProgram(),
                              " --threads 2 --max_iters 2 --out ", run_, " ",
                              flags, ")"));
  };
  const std::string begin =
      "--config small_scenes --precision f32 --set 'batch: ";
  if (!group.Allows(700)) GTEST_SKIP() << "no group can be made here";
  const Outcome refused = train(begin + "24'");
  EXPECT_EQ(refused.code, 1) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr(group.limit() + " (700 MiB)"));
  EXPECT_FALSE(fs::exists(run_));
  // 901 MiB by the estimate, and 864 beyond what every training takes.
  const Outcome killed = train(begin + "16'");
  EXPECT_EQ(killed.code, 128 + SIGKILL) << killed.output;
  EXPECT_THAT(killed.output, HasSubstr("warning: maybe not enough memory"));
  ASSERT_TRUE(group.Allows(1600));
  const Outcome enough = train("--resume");
  EXPECT_EQ(enough.code, 0) << enough.output;
  EXPECT_THAT(enough.output, Not(HasSubstr("not enough memory")));
  const std::string whole = NewDirectory("undisturbed");
  ASSERT_EQ(
      Train(absl::StrCat(begin, "16' --threads 2 --max_iters 2 --out ", whole))
          .code,
      0);
  ExpectSameRuns(whole, run_, 2);
}

// "a training takes about 900 MiB": the number; 0: it does not say so.
double EstimateIn(const std::string& said) {
  const std::string before = "a training takes about ";
  const size_t at = said.find(before);
  return at == std::string::npos ? 0
                                 : std::atof(said.c_str() + at + before.size());
}

// It is said before the training begins, with what it would have taken. The
// estimate knows nothing of what libraries take for themselves, nor of blocks
// that are kept for the next map: it may be a quarter off.
TEST_F(MachineFaultsTest, ABatchForWhichTheMemoryDoesNotSuffice) {
  const std::string common = absl::StrCat("--threads 2 --max_iters 2 --out ");
  const std::string flags = absl::StrCat(
      "--config small_scenes --precision f32 --set 'batch: 24' ", common);
  const Outcome little = Shell(absl::StrCat(
      "(ulimit -v 700000; ", TrainProgram(), " ", flags, run_, ")"));
  EXPECT_EQ(little.code, 1) << little.output;
  EXPECT_THAT(little.output,
              AllOf(HasSubstr("ulimit -v (684 MiB)"),
                    HasSubstr("maps of 24 x 320x256 pixels"),
                    HasSubstr("--set 'batch: 1 accumulate: 24'")));
  EXPECT_FALSE(fs::exists(run_));

  const auto peak_mib = [&](const std::string& of) {
    const Outcome done = Train(of + run_);
    EXPECT_EQ(done.code, 0) << done.output;
    const double megabytes = ReadLog(run_).back()["peak_memory_mb"].GetDouble();
    fs::remove_all(run_);
    return megabytes * 1e6 / (1 << 20);
  };
  // A network of no size has what every training takes.
  const double taken = peak_mib(flags) - peak_mib(TinyFlags() + common);
  EXPECT_NEAR(EstimateIn(little.output), taken, taken / 4);
}

}  // namespace
}  // namespace fcis::train
