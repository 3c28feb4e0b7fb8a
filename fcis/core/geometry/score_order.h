// The house's one order of scores: descending, ties by DESCENDING index
// (docs/reference.md, Proposals and NMS 4), so that results repeat for any
// number of threads.
#ifndef FCIS_CORE_GEOMETRY_SCORE_ORDER_H_
#define FCIS_CORE_GEOMETRY_SCORE_ORDER_H_

#include <cstdint>
#include <cstring>

#include "absl/types/span.h"
#include "fcis/core/base/host_device.h"
#include "fcis/core/tensor/block_cache.h"

namespace fcis {

// Sorting these keys in descending order gives the order above. -0 equals +0;
// NaN comes before everything, as in the reversed sort of the reference.
FCIS_HD inline uint64_t ScoreOrderKey(float score, uint32_t index) {
  const float v = score + 0.0f;  // -0 becomes +0
  uint32_t bits;
  memcpy(&bits, &v, sizeof(bits));
  if (v != v) {
    bits = 0xFFFFFFFFu;
  } else {
    bits = (bits & 0x80000000u) ? ~bits : (bits | 0x80000000u);
  }
  return (static_cast<uint64_t>(bits) << 32) | index;
}

// Indices of the `limit` best scores, in order; all of them when limit < 0.
RecycledVector<int> OrderByScore(absl::Span<const float> scores,
                                 int limit = -1);

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_SCORE_ORDER_H_
