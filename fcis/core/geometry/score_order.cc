#include "fcis/core/geometry/score_order.h"

#include <algorithm>
#include <functional>

namespace fcis {

RecycledVector<int> OrderByScore(absl::Span<const float> scores, int limit) {
  RecycledVector<uint64_t> keys(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    keys[i] = ScoreOrderKey(scores[i], static_cast<uint32_t>(i));
  }
  if (limit >= 0 && static_cast<size_t>(limit) < keys.size()) {
    std::nth_element(keys.begin(), keys.begin() + limit, keys.end(),
                     std::greater<uint64_t>());
    keys.resize(limit);
  }
  std::sort(keys.begin(), keys.end(), std::greater<uint64_t>());
  RecycledVector<int> order(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    order[i] = static_cast<int>(keys[i] & 0xFFFFFFFFu);
  }
  return order;
}

}  // namespace fcis
