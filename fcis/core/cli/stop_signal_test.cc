#include "fcis/core/cli/stop_signal.h"

#include <unistd.h>

#include <csignal>

#include "gtest/gtest.h"

namespace fcis {
namespace {

// Each in a process of its own: signals are not taken back.
template <typename Body>
void RaiseStopSignals(const char* what_next, Body body) {
  InstallStopSignals(what_next);
  if (StopRequested() || !StopSignalName().empty()) _exit(90);
  body();
  _exit(0);
}

TEST(StopSignalDeathTest, EachRaisesTheFlag) {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) {
    EXPECT_EXIT(RaiseStopSignals("finishing",
                                 [&] {
                                   std::raise(signal);
                                   std::raise(SIGTERM);
                                   if (!StopRequested()) _exit(91);
                                 }),
                ::testing::ExitedWithCode(0), ": finishing");
  }
}

TEST(StopSignalDeathTest, NamesTheSignal) {
  EXPECT_EXIT(RaiseStopSignals(nullptr,
                               [] {
                                 std::raise(SIGUSR1);
                                 if (StopSignalName() != "SIGUSR1") _exit(91);
                               }),
              ::testing::ExitedWithCode(0), "^$");
}

TEST(StopSignalDeathTest, TheSecondInterruptEndsAtOnce) {
  EXPECT_EXIT(RaiseStopSignals("finishing",
                               [] {
                                 std::raise(SIGINT);
                                 std::raise(SIGINT);
                               }),
              ::testing::KilledBySignal(SIGINT), "once more ends it");
}

}  // namespace
}  // namespace fcis
