#include "fcis/train/run/stop_signal.h"

#include <unistd.h>

#include <csignal>

#include "gtest/gtest.h"

namespace fcis::train {
namespace {

// Each in a process of its own: signals are not taken back.
template <typename Body>
void RaiseStopSignals(bool say_so, Body body) {
  InstallStopSignals(say_so);
  if (StopRequested() || !StopSignalName().empty()) _exit(90);
  body();
  _exit(0);
}

TEST(StopSignalDeathTest, EachRaisesTheFlag) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    EXPECT_EXIT(RaiseStopSignals(true,
                                 [&] {
                                   std::raise(signal);
                                   std::raise(SIGTERM);
                                   if (!StopRequested()) _exit(91);
                                 }),
                ::testing::ExitedWithCode(0), "saving after this iteration");
  }
}

TEST(StopSignalDeathTest, NamesTheSignal) {
  EXPECT_EXIT(RaiseStopSignals(false,
                               [] {
                                 std::raise(SIGUSR1);
                                 if (StopSignalName() != "SIGUSR1") _exit(91);
                               }),
              ::testing::ExitedWithCode(0), "^$");
}

TEST(StopSignalDeathTest, TheSecondInterruptEndsAtOnce) {
  EXPECT_EXIT(RaiseStopSignals(true,
                               [] {
                                 std::raise(SIGINT);
                                 std::raise(SIGINT);
                               }),
              ::testing::KilledBySignal(SIGINT), "once more ends it");
}

}  // namespace
}  // namespace fcis::train
