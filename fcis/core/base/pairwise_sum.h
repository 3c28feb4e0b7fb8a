// NumPy's summation order for contiguous arrays: eight accumulators over blocks
// of at most 128, halves added recursively. Where the reference's result hangs
// on a sum (weights of mask voting, means of COCOeval), this gives its bits.
#ifndef FCIS_CORE_BASE_PAIRWISE_SUM_H_
#define FCIS_CORE_BASE_PAIRWISE_SUM_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"

namespace fcis {

// Sum of 0 to 128 values.
template <typename T>
FCIS_HD T PairwiseBlockSum(const T* values, int64_t n) {
  constexpr int64_t kLanes = 8;
  if (n < kLanes) {
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += values[i];
    return sum;
  }
  T lanes[kLanes];
  for (int64_t k = 0; k < kLanes; ++k) lanes[k] = values[k];
  int64_t i = kLanes;
  for (; i < n - n % kLanes; i += kLanes) {
    for (int64_t k = 0; k < kLanes; ++k) lanes[k] += values[i + k];
  }
  T sum = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) +
          ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  for (; i < n; ++i) sum += values[i];
  return sum;
}

// Sum of n values, 0 <= n < 2^40; 0 for none. The recursion is a loop, since a
// GPU's thread has a stack of fixed size. A half has at most n / 2 + 8 values,
// so 34 halvings leave at most 2^6 + 16.
template <typename T>
FCIS_HD T PairwiseSum(const T* values, int64_t n) {
  constexpr int64_t kBlock = 128;
  constexpr int kMostHalvings = 34;
  struct RightHalf {
    const T* values;
    int64_t n;
    T left;     // sum of the other half
    bool open;  // `left` is known, this half is being summed
  };
  RightHalf halves[kMostHalvings];
  int depth = 0;
  while (true) {
    while (n > kBlock) {
      const int64_t half = n / 2 - n / 2 % 8;
      halves[depth++] = {values + half, n - half, 0, false};
      n = half;
    }
    T sum = PairwiseBlockSum(values, n);
    while (depth > 0 && halves[depth - 1].open) {
      sum = halves[--depth].left + sum;
    }
    if (depth == 0) return sum;
    RightHalf& next = halves[depth - 1];
    next.left = sum;
    next.open = true;
    values = next.values;
    n = next.n;
  }
}

}  // namespace fcis

#endif  // FCIS_CORE_BASE_PAIRWISE_SUM_H_
