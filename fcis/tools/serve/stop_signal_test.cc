#include "fcis/tools/serve/stop_signal.h"

#include <csignal>
#include <thread>

#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

TEST(StopSignalTest, ReturnsTheSignal) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const StopSignal stop;
    std::raise(signal);
    EXPECT_EQ(stop.Wait(), signal);
  }
}

TEST(StopSignalTest, WakesWhoWaits) {
  const StopSignal stop;
  int signal = 0;
  std::thread waiting([&] { signal = stop.Wait(); });
  std::raise(SIGTERM);
  waiting.join();
  EXPECT_EQ(signal, SIGTERM);
}

TEST(StopSignalDeathTest, TheSecondEndsTheProgram) {
  EXPECT_EXIT(
      {
        const StopSignal stop;
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      ::testing::KilledBySignal(SIGINT), "");
}

}  // namespace
}  // namespace fcis::tools
