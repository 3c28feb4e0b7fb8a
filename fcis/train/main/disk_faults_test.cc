// Trainings whose disk is full, or broken, from some call on, or that are ended
// at it.
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/testing/fault_run.h"
#include "fcis/train/testing/train_program.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

constexpr int kIterations = 2;

std::string Flags() {
  return absl::StrCat(TinyFlags(), "--threads 1 --checkpoint_every 1 ",
                      "--max_iters ", kIterations, " --out ");
}

// Goes on with the run, or begins it where nothing of it is there to go on
// with.
void Finish(const std::string& run) {
  Outcome outcome = Train(absl::StrCat(Flags(), run, " --resume"));
  if (outcome.code == 2) outcome = Train(absl::StrCat(Flags(), run));
  EXPECT_EQ(outcome.code, 0) << outcome.output;
}

class DiskFaultsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(DiskFaultsTest, TheRunGoesOnBitForBit) {
  const std::string whole = NewDirectory("whole");
  ASSERT_EQ(Train(Flags() + whole).code, 0);
  int faults = 0;
  // The first ones, and farther on fewer.
  for (int from = 1;; from += 1 + from / 3) {
    const std::string run = NewDirectory("run");
    const int errors[] = {ENOSPC, -SIGKILL, EIO, -SIGTERM};
    const int error = errors[faults % 4];
    const FaultRun failed =
        RunWithFault(absl::StrCat(TrainProgram(), " ", Flags(), run),
                     GetParam(), run, from, error);
    if (!failed.failed) break;
    ++faults;
    SCOPED_TRACE(absl::StrCat(GetParam(), " ", from, ": ", failed.said));
    if (error > 0) {
      EXPECT_EQ(failed.code, 1);
      EXPECT_THAT(failed.said, HasSubstr(std::strerror(error)));
    } else if (error == -SIGKILL || failed.code != 0) {
      EXPECT_EQ(failed.code, 128 - error);
    }  // or it saved and left
    Finish(run);
    ExpectSameRuns(whole, run, kIterations);
    if (HasFailure()) break;
  }
  EXPECT_GE(faults, 3);
}

INSTANTIATE_TEST_SUITE_P(Calls, DiskFaultsTest,
                         ::testing::Values("open", "write", "fsync", "rename"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

}  // namespace
}  // namespace fcis::train
