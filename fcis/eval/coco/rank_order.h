// The order in which COCOeval ranks detections.
#ifndef FCIS_EVAL_COCO_RANK_ORDER_H_
#define FCIS_EVAL_COCO_RANK_ORDER_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"

namespace fcis::eval {

struct RankKey {
  double score;       // no NaN
  uint32_t position;  // of what it is the key of
};

// Sorts by descending score, what has the same by `before`, which must be a
// strict order of all. Faster than comparing, where scores differ.
void SortByRank(std::vector<RankKey>& keys,
                absl::FunctionRef<bool(const RankKey&, const RankKey&)> before);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_RANK_ORDER_H_
