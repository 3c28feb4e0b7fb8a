// Non-maximum suppression once it is known who overlaps whom: a walk through a
// bit matrix, by one thread.
#ifndef FCIS_KERNELS_CUDA_OVERLAP_WALK_H_
#define FCIS_KERNELS_CUDA_OVERLAP_WALK_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"

namespace fcis::kernels {
namespace cuda {

// Words of 64 bits for n items.
FCIS_HD inline int64_t OverlapWords(int64_t n) { return (n + 63) / 64; }

FCIS_HD inline bool HasBit(const uint64_t* words, int64_t i) {
  return (words[i / 64] >> (i % 64) & 1) != 0;
}

// Goes through the n items in order and keeps an item unless one kept before
// overlaps it. order(i): the item at place i, < 0: there is none from here on.
// Order::kAscending: items come in ascending order, and a row of `overlaps`
// [n][OverlapWords(n)] needs no bits before its own item. At most `limit` are
// kept, < 0: no limit. suppressed: scratch of OverlapWords(n). kept: the items.
// Returns how many.
//
// That no array overlaps another is said for the compiler, which may then have
// many reads on the way at once.
template <typename Order>
FCIS_HD int64_t WalkOverlaps(const Order& order, int64_t n, int64_t limit,
                             const uint64_t* __restrict__ overlaps,
                             uint64_t* __restrict__ suppressed,
                             int32_t* __restrict__ kept) {
  const int64_t words = OverlapWords(n);
  for (int64_t w = 0; w < words; ++w) suppressed[w] = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < n && count != limit; ++i) {
    const int64_t item = order(i);
    if (item < 0) break;
    if (HasBit(suppressed, item)) continue;
    kept[count++] = static_cast<int32_t>(item);
    const uint64_t* const row = overlaps + item * words;
    for (int64_t w = Order::kAscending ? item / 64 : 0; w < words; ++w) {
      suppressed[w] |= row[w];
    }
  }
  return count;
}

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_OVERLAP_WALK_H_
