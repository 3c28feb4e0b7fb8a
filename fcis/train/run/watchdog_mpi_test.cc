// Runs itself under mpiexec: one rank hangs, or is stopped; the other waits for
// it.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/core/comm/mpi_communicator.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/train/run/watchdog.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kHangs = 1;                             // the rank
constexpr char kStops[] = "WATCHDOG_MPI_TEST_STOPS";  // in the environment

int RunRank() {
  const auto made = MakeCommunicator();
  if (!made.ok()) return 90;
  Communicator& job = **made;
  Watchdog::Options options;
  options.rank = job.rank();
  options.timeout = absl::Seconds(1);
  const bool stops = std::getenv(kStops) != nullptr;
  if (stops) options.more_for_others = absl::Seconds(1);
  Watchdog watchdog(options);
  if (job.rank() == kHangs) {
    watchdog.Feed("loading pictures", 7);
    if (stops) raise(SIGSTOP);
    absl::SleepFor(absl::Minutes(10));
  }
  watchdog.FeedWaitingForOthers("sum of gradients", 7);
  return job.Barrier().ok() ? 91 : 92;
}

// What the job says; it must end by itself.
std::string RunJob(const std::string& flags) {
  char self[4096];
  const ssize_t length = readlink("/proc/self/exe", self, sizeof self);
  const std::string output = ::testing::TempDir() + "/job.txt";
  const absl::Time start = absl::Now();
  const int status =
      std::system(absl::StrCat(Mpiexec(2), " ", flags,
                               std::string(self, static_cast<size_t>(length)),
                               " > ", output, " 2>&1")
                      .c_str());
  EXPECT_EQ(WEXITSTATUS(status), kExitRunError);
  EXPECT_LT(absl::Now() - start, absl::Seconds(40));
  return *ReadFile(output);
}

TEST(WatchdogMpi, TheRankThatHangsEndsTheJobAndSaysWhy) {
  const std::string text = RunJob("");
  EXPECT_THAT(text, HasSubstr("rank 1 hangs"));
  EXPECT_THAT(text, HasSubstr("'loading pictures' of iteration 7"));
  EXPECT_THAT(text, Not(HasSubstr("rank 0 hangs")));
}

// It cannot speak; who waits for it does.
TEST(WatchdogMpi, ARankThatIsStoppedEndsTheJob) {
  const std::string text = RunJob(absl::StrCat("-x ", kStops, "=1 "));
  EXPECT_THAT(text, HasSubstr("rank 0 hangs"));
  EXPECT_THAT(text, HasSubstr("'sum of gradients' of iteration 7"));
}

}  // namespace
}  // namespace fcis::train

int main(int argc, char** argv) {
  if (fcis::StartedByMpi()) return fcis::train::RunRank();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
