#include "fcis/train/targets/sampler.h"

#include <algorithm>
#include <utility>

#include "fcis/core/base/counter_rng.h"

namespace fcis::train {

std::vector<int> Sampler::Choose(absl::Span<const int> candidates,
                                 int64_t size) {
  const uint64_t base = Mix64(seed_ * kGoldenGamma + calls_++);
  std::vector<std::pair<uint64_t, int>> keyed;
  keyed.reserve(candidates.size());
  for (const int c : candidates) {
    keyed.emplace_back(Mix64(base + static_cast<uint64_t>(c)), c);
  }
  std::sort(keyed.begin(), keyed.end());
  keyed.resize(std::min<size_t>(keyed.size(), std::max<int64_t>(0, size)));
  std::vector<int> chosen;
  chosen.reserve(keyed.size());
  for (const auto& [key, c] : keyed) chosen.push_back(c);
  return chosen;
}

}  // namespace fcis::train
