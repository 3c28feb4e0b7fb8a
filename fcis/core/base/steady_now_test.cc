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

}  // namespace
}  // namespace fcis
