// A sequence of random numbers over counter_rng: the same on every machine, for
// the same name and seed.
#ifndef FCIS_CORE_BASE_RANDOM_STREAM_H_
#define FCIS_CORE_BASE_RANDOM_STREAM_H_

#include <cmath>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "fcis/core/base/counter_rng.h"

namespace fcis {

class RandomStream {
 public:
  RandomStream(absl::string_view name, uint64_t seed)
      : key_(RngKey(name, seed)) {}

  uint64_t Bits() { return RngBits(key_, next_++); }

  // In [0, 1), a multiple of 2^-53.
  double Uniform() { return static_cast<double>(Bits() >> 11) * 0x1p-53; }
  double Uniform(double low, double high) {
    return low + (high - low) * Uniform();
  }
  bool Chance(double probability) { return Uniform() < probability; }

  // In [low, high], whose size is far below 2^53.
  int Integer(int low, int high) {
    return low + static_cast<int>(Uniform() * (high - low + 1));
  }

  // Of mean 0 and deviation 1 (Box and Muller).
  double Normal() {
    constexpr double kTwoPi = 6.283185307179586;
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(kTwoPi * Uniform());
  }

 private:
  uint64_t key_;
  uint64_t next_ = 0;
};

}  // namespace fcis

#endif  // FCIS_CORE_BASE_RANDOM_STREAM_H_
