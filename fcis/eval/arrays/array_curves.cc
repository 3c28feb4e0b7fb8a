// The half of ArrayEvaluation that counts matches into curves: COCOeval's
// accumulate.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fcis/core/base/parallel.h"
#include "fcis/eval/arrays/array_evaluation.h"

namespace fcis::eval {
namespace {

constexpr size_t kBits = 64;
// NumPy's spacing(1), which keeps 0 / 0 away.
constexpr double kSpacing = std::numeric_limits<double>::epsilon();

// So many true positives reach each recall threshold; `most` + 1: more than
// that. (An object may be found twice, by a detection without an id.)
std::vector<size_t> ReachedAt(absl::Span<const double> thresholds,
                              int64_t objects, size_t most) {
  const auto total = static_cast<double>(objects);
  std::vector<size_t> reached;
  size_t n = 0;
  double last = -std::numeric_limits<double>::infinity();
  for (const double threshold : thresholds) {
    if (!(threshold >= last)) n = 0;
    last = threshold;
    // As a search for a number that is none, which ends behind the last.
    if (std::isnan(threshold)) n = most + 1;
    while (n <= most && static_cast<double>(n) / total < threshold) ++n;
    reached.push_back(n);
  }
  return reached;
}

}  // namespace

// The true positives of each threshold, and what lies between them.
struct ArrayEvaluation::Curves {
  struct One {
    std::vector<double> precision;  // at true positives
    std::vector<size_t> positions;  // in the class's order
    uint32_t wrong = 0;
  };
  std::vector<One> by_threshold;
  uint32_t all_wrong = 0;  // at every threshold, beside One::wrong
  bool any = false;        // detections
  size_t first = 0;        // the first one's position

  void Clear(size_t thresholds) {
    by_threshold.resize(thresholds);
    for (One& one : by_threshold) {
      one.precision.clear();
      one.positions.clear();
      one.wrong = 0;
    }
    all_wrong = 0;
    any = false;
  }

  // A detection's bits, one per threshold.
  void Add(size_t d, const uint64_t* correct, const uint64_t* ignored) {
    for (size_t t = 0; t < by_threshold.size(); ++t) {
      const uint64_t bit = uint64_t{1} << t % kBits;
      One& one = by_threshold[t];
      if (correct[t / kBits] & bit) {
        const auto tp = static_cast<double>(one.positions.size() + 1);
        const auto fp = static_cast<double>(one.wrong + all_wrong);
        one.positions.push_back(d);
        one.precision.push_back(tp / (fp + tp + kSpacing));
      } else if ((ignored[t / kBits] & bit) == 0) {
        ++one.wrong;
      }
    }
  }
};

// Of the detections of the class, places in the layout by descending score; NaN
// goes last.
std::vector<size_t> ArrayEvaluation::RankClass(size_t klass) const {
  struct Key {
    double score;
    size_t place;
  };
  const auto images = static_cast<size_t>(options_.images);
  const auto begin = static_cast<size_t>(detections_.first[klass * images]);
  const auto end = static_cast<size_t>(detections_.first[(klass + 1) * images]);
  std::vector<Key> keys;
  keys.reserve(end - begin);
  for (size_t d = begin; d < end; ++d)
    keys.push_back({detection_scores_[d], d});
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) {
    if (a.score > b.score) return true;
    if (a.score < b.score) return false;
    const bool nan_a = std::isnan(a.score), nan_b = std::isnan(b.score);
    return nan_a != nan_b ? nan_b : a.place < b.place;
  });
  std::vector<size_t> ranked;
  ranked.reserve(keys.size());
  for (const Key& key : keys) ranked.push_back(key.place);
  return ranked;
}

int64_t ArrayEvaluation::NumObjects(size_t klass, size_t a) const {
  const auto images = static_cast<size_t>(options_.images);
  int64_t count = 0;
  for (auto g = static_cast<size_t>(objects_.first[klass * images]);
       g < static_cast<size_t>(objects_.first[(klass + 1) * images]); ++g) {
    count += object_ignore_[g] == 0 && !Outside(object_areas_[g], a);
  }
  return count;
}

void ArrayEvaluation::Count(absl::Span<const size_t> ranked, size_t a,
                            absl::Span<const int64_t> max_dets,
                            std::vector<Curves>& cuts) const {
  for (Curves& curves : cuts) curves.Clear(T());
  const uint64_t* const correct =
      correct_.data() + a * detections_.size() * words_;
  const uint64_t* const ignored =
      ignored_.data() + a * detections_.size() * words_;
  for (const size_t d : ranked) {
    uint64_t some = 0;
    for (size_t w = 0; w < words_; ++w) {
      some |= correct[d * words_ + w] | ignored[d * words_ + w];
    }
    for (size_t m = 0; m < max_dets.size(); ++m) {
      if (ranks_[d] >= max_dets[m]) continue;
      Curves& curves = cuts[m];
      if (!curves.any) curves.first = d;
      curves.any = true;
      if (some == 0) {
        ++curves.all_wrong;
      } else {
        curves.Add(d, correct + d * words_, ignored + d * words_);
      }
    }
  }
}

void ArrayEvaluation::Accumulate(absl::Span<const double> recall_thresholds,
                                 absl::Span<const int64_t> max_dets,
                                 const ArrayCurves& out) const {
  const size_t R = recall_thresholds.size(), M = max_dets.size();
  const size_t A = options_.area_ranges.size();
  const auto K = static_cast<size_t>(options_.classes);
  const size_t step = K * A * M;
  std::fill(out.precision.begin(), out.precision.end(), -1);
  std::fill(out.scores.begin(), out.scores.end(), -1);
  std::fill(out.recall.begin(), out.recall.end(), -1);
  const auto fill = [&](const Curves& curves, int64_t objects,
                        const std::vector<size_t>& reached_at, size_t column) {
    for (size_t t = 0; t < T(); ++t) {
      const Curves::One& one = curves.by_threshold[t];
      const size_t found = one.positions.size();
      std::vector<double> envelope = one.precision;
      for (size_t i = found; i-- > 1;) {
        envelope[i - 1] = std::max(envelope[i - 1], envelope[i]);
      }
      out.recall[t * step + column] =
          static_cast<double>(found) / static_cast<double>(objects);
      bool within = curves.any;
      for (size_t r = 0; r < R; ++r) {
        const size_t n = reached_at[r];
        // COCOeval stops at the first that is not reached.
        within = within && n <= found;
        const size_t at = n == 0 ? 0 : n - 1;
        const size_t to = (t * R + r) * step + column;
        out.precision[to] = within && at < found ? envelope[at] : 0;
        // A recall of 0 is reached by the first, whatever it is.
        out.scores[to] =
            !within
                ? 0
                : detection_scores_[n == 0 ? curves.first : one.positions[at]];
      }
    }
  };
  ParallelFor(options_.classes, 1, [&](int64_t begin, int64_t end) {
    std::vector<Curves> cuts(M);
    for (auto k = static_cast<size_t>(begin); k < static_cast<size_t>(end);
         ++k) {
      const std::vector<size_t> ranked = RankClass(k);
      for (size_t a = 0; a < A; ++a) {
        const int64_t objects = NumObjects(k, a);
        if (objects == 0) continue;
        const std::vector<size_t> reached_at =
            ReachedAt(recall_thresholds, objects, ranked.size());
        Count(ranked, a, max_dets, cuts);
        for (size_t m = 0; m < M; ++m) {
          fill(cuts[m], objects, reached_at, (k * A + a) * M + m);
        }
      }
    }
  });
}

}  // namespace fcis::eval
