#include "fcis/eval/coco/match.h"

namespace fcis::eval {

void CellMatcher::Match(absl::Span<const TruthObject> cell, uint32_t first,
                        absl::Span<const uint8_t> ignored,
                        absl::Span<const absl::Span<const Overlap>> overlaps,
                        double threshold, absl::Span<Verdict> verdicts) {
  used_.assign(cell.size(), 0);
  const double lowest = MatchThreshold(threshold);
  for (size_t d = 0; d < overlaps.size(); ++d) {
    int64_t found = -1;
    // COCOeval walks over the objects that count, then over the others.
    for (const uint8_t pass : {0, 1}) {
      if (found >= 0) break;
      double best = lowest;
      for (const Overlap& overlap : overlaps[d]) {
        const size_t g = overlap.object - first;
        if (ignored[g] != pass) continue;
        if (used_[g] && !cell[g].crowd) continue;
        if (overlap.iou < best) continue;
        best = overlap.iou;
        found = static_cast<int64_t>(g);
      }
    }
    verdicts[d] = Verdict::kUnmatched;
    if (found < 0) continue;
    const size_t g = static_cast<size_t>(found);
    used_[g] = 1;
    if (ignored[g]) {
      verdicts[d] = Verdict::kIgnored;
    } else if (!cell[g].unmatchable) {
      verdicts[d] = Verdict::kTruePositive;
    }
  }
}

}  // namespace fcis::eval
