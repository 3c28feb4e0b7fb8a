#include "fcis/core/base/steady_now.h"

#include <chrono>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

absl::Duration SinceBoot() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

TEST(SteadyNowTest, IsTheSteadyClocksTime) {
  const absl::Duration before = SinceBoot();
  const absl::Duration now = SteadyNow() - absl::UnixEpoch();
  EXPECT_LE(before, now);
  EXPECT_LE(now, SinceBoot());
}

TEST(StopwatchTest, LapsFollowOneAnother) {
  const absl::Time before = SteadyNow();
  Stopwatch watch;
  const absl::Time made = SteadyNow();
  const double laps = watch.Lap() + watch.Lap();
  const absl::Time after = SteadyNow();
  constexpr double kRounding = 1e-9;
  EXPECT_GE(laps, 0);
  EXPECT_LE(laps, absl::ToDoubleSeconds(after - before) + kRounding);
  while (SteadyNow() - after < absl::Milliseconds(1)) {
  }
  EXPECT_GE(watch.Lap() + kRounding, 1e-3);
  const double last = watch.Lap();
  EXPECT_LT(last, absl::ToDoubleSeconds(SteadyNow() - made));
}

}  // namespace
}  // namespace fcis
