#ifndef FCIS_CORE_BASE_STEADY_NOW_H_
#define FCIS_CORE_BASE_STEADY_NOW_H_

#include <chrono>
#include <utility>

#include "absl/time/time.h"

namespace fcis {

// The time on a clock that nobody sets, for how long something took and until
// when to wait. It is no date: absl::Now() is.
inline absl::Time SteadyNow() {
  return absl::UnixEpoch() +
         absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

// Times what is done piece by piece.
class Stopwatch {
 public:
  // Seconds since the last lap or, before the first, since the watch was made.
  double Lap() {
    const absl::Time now = SteadyNow();
    return absl::ToDoubleSeconds(now - std::exchange(last_, now));
  }

 private:
  absl::Time last_ = SteadyNow();
};

}  // namespace fcis

#endif  // FCIS_CORE_BASE_STEADY_NOW_H_
