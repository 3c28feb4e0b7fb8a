#include "fcis/eval/coco/cell_matcher.h"

#include "fcis/eval/coco/options.h"

namespace fcis::eval {

CellMatcher::CellMatcher(absl::Span<const double> thresholds) {
  for (const double threshold : thresholds) {
    lowest_.push_back(MatchThreshold(threshold));
  }
}

// An IoU that is not a number reaches them all.
uint64_t CellMatcher::Reached(double iou) const {
  uint64_t reached = 0;
  for (size_t t = 0; t < lowest_.size(); ++t) {
    reached |= static_cast<uint64_t>(!(iou < lowest_[t])) << t;
  }
  return reached;
}

// The object that a detection takes at threshold t; -1: none.
int64_t CellMatcher::Find(absl::Span<const TruthObject> cell, uint32_t first,
                          absl::Span<const uint8_t> ignored,
                          absl::Span<const Overlap> overlaps, size_t t) const {
  int64_t found = -1;
  // COCOeval walks over the objects that count, then over the others.
  for (const uint8_t pass : {0, 1}) {
    if (found >= 0) break;
    double best = lowest_[t];
    for (const Overlap& overlap : overlaps) {
      const size_t g = overlap.object - first;
      if (ignored[g] != pass) continue;
      if ((used_[g] >> t & 1) != 0 && !cell[g].crowd) continue;
      if (overlap.iou < best) continue;
      best = overlap.iou;
      found = static_cast<int64_t>(g);
    }
  }
  return found;
}

void CellMatcher::Match(absl::Span<const TruthObject> cell, uint32_t first,
                        absl::Span<const uint8_t> ignored,
                        absl::Span<const absl::Span<const Overlap>> overlaps,
                        absl::Span<Verdict> verdicts) {
  used_.assign(cell.size(), 0);
  for (size_t d = 0; d < overlaps.size(); ++d) {
    Verdict& verdict = verdicts[d] = {};
    const auto take = [&](size_t g, uint64_t where) {
      used_[g] |= where;
      if (ignored[g]) {
        verdict.ignored |= where;
      } else if (!cell[g].unmatchable) {
        verdict.correct |= where;
      }
    };
    if (overlaps[d].size() == 1) {  // as nearly always: no threshold by itself
      const size_t g = overlaps[d][0].object - first;
      const uint64_t free = cell[g].crowd ? ~uint64_t{0} : ~used_[g];
      take(g, Reached(overlaps[d][0].iou) & free);
      continue;
    }
    for (size_t t = 0; t < lowest_.size(); ++t) {
      const int64_t g = Find(cell, first, ignored, overlaps[d], t);
      if (g >= 0) take(static_cast<size_t>(g), uint64_t{1} << t);
    }
  }
}

}  // namespace fcis::eval
