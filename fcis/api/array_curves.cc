// The half of ArrayEvaluation that counts matches into curves: COCOeval's
// accumulate.
#include <algorithm>
#include <cmath>
#include <limits>

#include "fcis/api/array_evaluation.h"
#include "fcis/core/base/parallel.h"
#include "fcis/eval/coco/rank_order.h"

namespace fcis::api {
namespace {

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

// The true positives of each threshold, and what lies between them; of one area
// range and number of detections of a cell.
struct ArrayEvaluation::Curves {
  struct One {
    std::vector<double> precision;  // at true positives
    std::vector<size_t> positions;  // in the class's order
    uint32_t wrong = 0;
    // While the points are written: whether all recalls so far are reached.
    bool within = false;
  };
  std::vector<One> by_threshold;
  uint32_t all_wrong = 0;  // at every threshold, beside One::wrong
  bool any = false;        // detections
  size_t first = 0;        // the first one's position
  int64_t objects = 0;
  std::vector<size_t> reached_at;  // by recall

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

  // Calls each(curve) where a bit is set, from threshold t on.
  template <typename Each>
  void ForBits(uint64_t bits, size_t t, const Each& each) {
    for (; bits != 0; bits &= bits - 1) {
      each(by_threshold[t + static_cast<size_t>(__builtin_ctzll(bits))]);
    }
  }

  // A detection's verdicts at the thresholds of a word, from t on.
  void Add(size_t d, uint64_t verdicts, size_t t) {
    const uint64_t bits = Bits(by_threshold.size() - t);
    const uint64_t correct = verdicts & bits;
    const uint64_t ignored = verdicts >> kVerdicts;
    if (ignored == bits) return;  // as most of another size
    ForBits(correct, t, [&](One& one) {
      const auto tp = static_cast<double>(one.positions.size() + 1);
      const auto fp = static_cast<double>(one.wrong + all_wrong);
      one.positions.push_back(d);
      one.precision.push_back(tp / (fp + tp + kSpacing));
    });
    ForBits(bits & ~correct & ~ignored, t, [](One& one) { ++one.wrong; });
  }

  // Of each precision the best from there on.
  void MakeEnvelopes() {
    for (One& one : by_threshold) {
      std::vector<double>& p = one.precision;
      for (size_t i = p.size(); i-- > 1;) p[i - 1] = std::max(p[i - 1], p[i]);
      one.within = any;
    }
  }
};

// Of the detections of the class, places in the layout by descending score; NaN
// goes last.
std::vector<size_t> ArrayEvaluation::RankClass(size_t klass) const {
  const auto images = static_cast<size_t>(input_.images);
  const auto begin = static_cast<size_t>(detections_.first[klass * images]);
  const auto end = static_cast<size_t>(detections_.first[(klass + 1) * images]);
  std::vector<eval::RankKey> keys;
  keys.reserve(end - begin);
  std::vector<size_t> nan;
  for (size_t d = begin; d < end; ++d) {
    if (std::isnan(detection_scores_[d])) {
      nan.push_back(d);
    } else {
      keys.push_back({detection_scores_[d], static_cast<uint32_t>(d)});
    }
  }
  eval::SortByRank(keys, [](const eval::RankKey& a, const eval::RankKey& b) {
    return a.position < b.position;
  });
  std::vector<size_t> ranked;
  ranked.reserve(end - begin);
  for (const eval::RankKey& key : keys) ranked.push_back(key.position);
  ranked.insert(ranked.end(), nan.begin(), nan.end());
  return ranked;
}

int64_t ArrayEvaluation::NumObjects(size_t klass, size_t a) const {
  const auto images = static_cast<size_t>(input_.images);
  int64_t count = 0;
  for (auto g = static_cast<size_t>(objects_.first[klass * images]);
       g < static_cast<size_t>(objects_.first[(klass + 1) * images]); ++g) {
    count += object_ignore_[g] == 0 && !Outside(object_areas_[g], a);
  }
  return count;
}

// curves: [area range][max_dets].
void ArrayEvaluation::Count(absl::Span<const size_t> ranked,
                            absl::Span<const int64_t> max_dets,
                            std::vector<Curves>& curves) const {
  const size_t A = num_areas(), M = max_dets.size();
  for (Curves& one : curves) one.Clear(T());
  for (size_t m = 0; m < M; ++m) {
    const auto counts = [&](size_t d) { return ranks_[d] < max_dets[m]; };
    const auto first = std::find_if(ranked.begin(), ranked.end(), counts);
    for (size_t a = 0; a < A && first != ranked.end(); ++a) {
      curves[a * M + m].any = true;
      curves[a * M + m].first = *first;
    }
  }
  for (const size_t d : ranked) {
    for (size_t a = 0; a < A; ++a) {
      const uint64_t* const verdicts = verdicts_.data() + (d * A + a) * words_;
      const bool wrong = std::all_of(verdicts, verdicts + words_,
                                     [](uint64_t word) { return word == 0; });
      for (size_t m = 0; m < M; ++m) {
        if (ranks_[d] >= max_dets[m]) continue;
        Curves& one = curves[a * M + m];
        if (wrong) {
          ++one.all_wrong;
          continue;
        }
        for (size_t w = 0; w < words_; ++w) {
          one.Add(d, verdicts[w], w * kVerdicts);
        }
      }
    }
  }
}

// The points of a class, those of all areas and max_dets one behind the other.
void ArrayEvaluation::Fill(size_t klass, size_t recalls,
                           std::vector<Curves>& curves,
                           const ArrayCurves& out) const {
  const size_t n = curves.size();
  const size_t step = static_cast<size_t>(input_.classes) * n;
  for (size_t t = 0; t < T(); ++t) {
    double* const recall = out.recall + t * step + klass * n;
    for (size_t i = 0; i < n; ++i) {
      const auto found =
          static_cast<double>(curves[i].by_threshold[t].positions.size());
      recall[i] = curves[i].objects == 0
                      ? -1
                      : found / static_cast<double>(curves[i].objects);
    }
    for (size_t r = 0; r < recalls; ++r) {
      const size_t row = (t * recalls + r) * step + klass * n;
      for (size_t i = 0; i < n; ++i) {
        Point(curves[i], t, r, &out.precision[row + i], &out.scores[row + i]);
      }
    }
  }
}

// At recall number r; recalls must come in their order.
void ArrayEvaluation::Point(Curves& curves, size_t t, size_t r,
                            double* precision, double* score) const {
  *precision = *score = curves.objects == 0 ? -1 : 0;
  if (curves.objects == 0) return;
  Curves::One& one = curves.by_threshold[t];
  const size_t found = one.positions.size();
  const size_t reached = curves.reached_at[r];
  // COCOeval stops at the first that is not reached.
  one.within = one.within && reached <= found;
  if (!one.within) return;
  const size_t at = reached == 0 ? 0 : reached - 1;
  if (at < found) *precision = one.precision[at];
  // A recall of 0 is reached by the first, whatever it is.
  *score = detection_scores_[reached == 0 ? curves.first : one.positions[at]];
}

void ArrayEvaluation::Accumulate(absl::Span<const double> recall_thresholds,
                                 absl::Span<const int64_t> max_dets,
                                 const ArrayCurves& out) const {
  const size_t M = max_dets.size();
  ParallelFor(input_.classes, 1, [&](int64_t begin, int64_t end) {
    std::vector<Curves> curves(num_areas() * M);
    for (auto k = static_cast<size_t>(begin); k < static_cast<size_t>(end);
         ++k) {
      const std::vector<size_t> ranked = RankClass(k);
      Count(ranked, max_dets, curves);
      for (size_t i = 0; i < curves.size(); ++i) {
        Curves& one = curves[i];
        if (i % M > 0) {  // an area range's other numbers of detections
          one.objects = curves[i - 1].objects;
          one.reached_at = curves[i - 1].reached_at;
        } else {
          one.objects = NumObjects(k, i / M);
          one.reached_at =
              ReachedAt(recall_thresholds, one.objects, ranked.size());
        }
        one.MakeEnvelopes();
      }
      Fill(k, recall_thresholds.size(), curves, out);
    }
  });
}

}  // namespace fcis::api
