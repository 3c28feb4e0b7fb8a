// Counter-based random numbers: a value depends on a key and an index alone,
// so results do not depend on threads, order or platform. The parity fixtures
// are made with the same numbers (docs/reference.md, Sampler and deterministic
// weights 1 and 2).
#ifndef FCIS_CORE_BASE_COUNTER_RNG_H_
#define FCIS_CORE_BASE_COUNTER_RNG_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace fcis {

constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15u;

// A bijection of 64-bit numbers that looks random.
constexpr uint64_t Mix64(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// 64-bit FNV-1a hash of the bytes.
constexpr uint64_t Fnv1a64(absl::string_view bytes) {
  uint64_t h = 0xCBF29CE484222325u;
  for (const char c : bytes) {
    h = (h ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  }
  return h;
}

// One stream per (name, seed).
constexpr uint64_t RngKey(absl::string_view name, uint64_t seed) {
  return Fnv1a64(name) ^ Mix64(seed * kGoldenGamma);
}

// The index-th 64 bits of a stream.
constexpr uint64_t RngBits(uint64_t key, uint64_t index) {
  return Mix64(key + (index + 1) * kGoldenGamma);
}

// The index-th number of a stream in [-1, 1), an exact multiple of 2^-23.
constexpr float RngSymmetric(uint64_t key, uint64_t index) {
  const int64_t top = static_cast<int64_t>(RngBits(key, index) >> 40);
  return static_cast<float>(top - (int64_t{1} << 23)) / (1 << 23);
}

}  // namespace fcis

#endif  // FCIS_CORE_BASE_COUNTER_RNG_H_
