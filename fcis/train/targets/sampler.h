// Sampler: a random choice without replacement, as training targets need it.
#ifndef FCIS_TRAIN_TARGETS_SAMPLER_H_
#define FCIS_TRAIN_TARGETS_SAMPLER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace fcis::train {

// A sampler numbers its calls: the same calls in the same order choose the
// same, on every machine (docs/reference.md, Sampler and deterministic weights
// 8).
class Sampler {
 public:
  // `calls`: how many were made before, for a run that is resumed.
  explicit Sampler(uint64_t seed, uint64_t calls = 0)
      : seed_(seed), calls_(calls) {}

  // `size` of the candidates (distinct, >= 0) in random order; all of them,
  // permuted, when there are fewer. Counts as one call even when empty.
  std::vector<int> Choose(absl::Span<const int> candidates, int64_t size);

  uint64_t calls() const { return calls_; }

 private:
  uint64_t seed_;
  uint64_t calls_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TARGETS_SAMPLER_H_
