#include "fcis/train/run/watchdog.h"

#include <atomic>

#include "absl/time/clock.h"
#include "fcis/core/cli/exit_code.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kShort = absl::Milliseconds(200);

// Starves a watchdog until it barks; returns its words and how long it took.
template <typename Feeding>
std::string Starve(Feeding feeding, absl::Duration* waited) {
  std::string cause;
  std::atomic<bool> barked{false};
  Watchdog::Options options;
  options.rank = 3;
  options.timeout = kShort;
  options.more_for_others = kShort;
  options.on_hang = [&](const std::string& text) {
    cause = text;
    barked = true;
  };
  Watchdog watchdog(options);
  feeding(&watchdog);
  const absl::Time start = absl::Now();
  while (!barked) absl::SleepFor(absl::Milliseconds(2));
  *waited = absl::Now() - start;
  return cause;
}

TEST(Watchdog, NamesRankPhaseAndIteration) {
  absl::Duration waited;
  const std::string cause =
      Starve([](Watchdog* watchdog) { watchdog->Feed("loading pictures", 17); },
             &waited);
  EXPECT_THAT(cause, HasSubstr("rank 3 hangs"));
  EXPECT_THAT(cause, HasSubstr("'loading pictures' of iteration 17"));
  EXPECT_GE(waited, 0.9 * kShort);
}

TEST(Watchdog, WaitingForOthersHasMoreTime) {
  absl::Duration waited;
  Starve([](Watchdog* w) { w->FeedWaitingForOthers("sum of gradients", 1); },
         &waited);
  EXPECT_GE(waited, 1.9 * kShort);
}

TEST(Watchdog, MoreTimeIsForThatPhaseOnly) {
  std::atomic<bool> barked{false};
  Watchdog::Options options;
  options.timeout = kShort;
  options.more_for_others = absl::Hours(1);
  options.on_hang = [&](const std::string&) { barked = true; };
  Watchdog watchdog(options);
  watchdog.FeedWaitingForOthers("sum of gradients", 1);
  absl::SleepFor(2 * kShort);
  EXPECT_FALSE(barked);
  watchdog.Feed("update", 1);
  const absl::Time start = absl::Now();
  while (!barked && absl::Now() - start < absl::Seconds(20)) {
    absl::SleepFor(absl::Milliseconds(2));
  }
  EXPECT_TRUE(barked);
}

TEST(Watchdog, NeverFedIsStarvedToo) {
  absl::Duration waited;
  EXPECT_THAT(Starve([](Watchdog*) {}, &waited), HasSubstr("'start'"));
}

TEST(Watchdog, SilentWhileFed) {
  std::atomic<bool> barked{false};
  Watchdog::Options options;
  options.timeout = absl::Seconds(1);
  options.on_hang = [&](const std::string&) { barked = true; };
  Watchdog watchdog(options);
  for (int i = 0; i < 25; ++i) {
    watchdog.Feed("step", i);
    absl::SleepFor(absl::Milliseconds(100));
  }
  EXPECT_FALSE(barked);
}

TEST(WatchdogDeathTest, EndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        Watchdog::Options options;
        options.timeout = kShort;
        Watchdog watchdog(options);
        watchdog.Feed("backward pass", 5);
        absl::SleepFor(absl::Minutes(1));
      },
      ::testing::ExitedWithCode(kExitRunError),
      "rank 0 hangs.*'backward pass' of iteration 5; ending the job");
}

}  // namespace
}  // namespace fcis::train
