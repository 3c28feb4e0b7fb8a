// NumPy's summation order for contiguous arrays: eight accumulators over blocks
// of at most 128, halves added recursively. Where the reference's result hangs
// on a sum (weights of mask voting, means of COCOeval), this gives its bits.
#ifndef FCIS_CORE_BASE_PAIRWISE_SUM_H_
#define FCIS_CORE_BASE_PAIRWISE_SUM_H_

#include <cstdint>

namespace fcis {

// Sum of n >= 0 values; 0 for none.
template <typename T>
T PairwiseSum(const T* values, int64_t n) {
  constexpr int64_t kBlock = 128;
  constexpr int64_t kLanes = 8;
  if (n < kLanes) {
    T sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += values[i];
    return sum;
  }
  if (n > kBlock) {
    int64_t half = n / 2;
    half -= half % kLanes;
    return PairwiseSum(values, half) + PairwiseSum(values + half, n - half);
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

}  // namespace fcis

#endif  // FCIS_CORE_BASE_PAIRWISE_SUM_H_
