#include "fcis/eval/coco/class_evaluation.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>
#include <vector>

#include "absl/algorithm/container.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/eval/coco/cell_matcher.h"

namespace fcis::eval {
namespace {

// NumPy's spacing(1), which keeps 0 / 0 away.
constexpr double kSpacing = std::numeric_limits<double>::epsilon();

bool Outside(double area, const AreaRange& range) {
  return area < range.low || area > range.high;
}

// A detection in its place, so that ranking does not jump about in memory.
struct Ranked {
  double score;
  int image;
  uint32_t position;  // in the list
  uint32_t inside;    // bit a: its area lies in area range a
  int rank;           // in its picture, from 0
  bool overlaps;      // some object
};

// Rows of bits, one for each matchable detection.
class BitRows {
 public:
  void Reset(size_t rows, size_t bits) {
    words_ = (bits + 63) / 64;
    bits_.assign(rows * words_, 0);
  }
  void Set(size_t row, size_t bit) {
    bits_[row * words_ + bit / 64] |= uint64_t{1} << bit % 64;
  }
  absl::Span<const uint64_t> Row(size_t row) const {
    return absl::MakeConstSpan(bits_).subspan(row * words_, words_);
  }

 private:
  size_t words_ = 0;
  std::vector<uint64_t> bits_;
};

// The true positives of a curve, by descending score.
struct TruePositives {
  size_t size = 0;
  std::vector<double> precision;
  std::vector<uint32_t> matchable;
};

// Fills `found` from rows of bits: where a detection is a true positive, where
// a false one, and where it is among those that count at all. false_before: of
// those that overlap nothing, before each matchable one.
FCIS_MULTIVERSION void FindTruePositives(absl::Span<const uint64_t> correct,
                                         absl::Span<const uint64_t> wrong,
                                         absl::Span<const uint64_t> counted,
                                         const uint32_t* false_before,
                                         TruePositives& found) {
  size_t n = 0;
  uint64_t wrong_before = 0;
  for (size_t w = 0; w < counted.size(); ++w) {
    const uint64_t bad = wrong[w] & counted[w];
    for (uint64_t good = correct[w] & counted[w]; good; good &= good - 1) {
      const size_t i = w * 64 + static_cast<size_t>(__builtin_ctzll(good));
      const uint64_t before = bad & ((good & -good) - 1);
      const auto fp = static_cast<double>(
          wrong_before + static_cast<uint64_t>(__builtin_popcountll(before)) +
          false_before[i]);
      found.matchable[n] = static_cast<uint32_t>(i);
      const auto tp = static_cast<double>(n + 1);
      found.precision[n++] = tp / (fp + tp + kSpacing);
    }
    wrong_before += static_cast<uint64_t>(__builtin_popcountll(bad));
  }
  found.size = n;
}

// One class: detections by descending score; of equal scores by picture, then
// in the file's order.
class ClassEvaluation {
 public:
  ClassEvaluation(const GroundTruth& truth, const Detections& detections,
                  const EvalOptions& options, int klass);

  // `members`: the detections of the class.
  void Run(absl::Span<const RankKey> members, EvalCurves& curves);

 private:
  void Rank(absl::Span<const RankKey> members);
  void FindMatchable();
  void FindPictures();
  void MatchAll();
  void MatchPicture(absl::Span<const uint32_t> matchables, size_t a);
  void Note(const Verdict& verdict, size_t a, size_t block, uint32_t matchable);
  void CountFalsePositives();
  void AccumulateArea(size_t a, EvalCurves& curves);
  void FillCurve(size_t curve, int64_t num_objects, EvalCurves& curves);
  int64_t NumObjects(const AreaRange& range) const;

  const Ranked& RankedOf(uint32_t matchable) const {
    return ranked_[matchable_[matchable]];
  }

  const GroundTruth& truth_;
  const Detections& detections_;
  const EvalOptions& options_;
  const int klass_;
  const size_t T_, A_, M_;

  std::vector<Ranked> ranked_;
  // Positions in ranked_ of detections that overlap some object and that some
  // cut lets in, ascending; and their numbers picture by picture.
  std::vector<uint32_t> matchable_, by_picture_;
  std::vector<CellMatcher> matchers_;  // of blocks of thresholds
  BitRows correct_, wrong_;            // row a * T + t
  BitRows within_;                     // row m: the cut lets it in
  std::vector<uint8_t> ignored_;
  std::vector<absl::Span<const Overlap>> overlaps_;
  std::vector<Verdict> verdicts_;
  // Detections that overlap nothing and count as false positives, before each
  // matchable one: [area range][max_dets][matchable].
  std::vector<uint32_t> false_before_;
  TruePositives found_;
  std::vector<size_t> reached_at_;  // by recall threshold: by so many more
};

ClassEvaluation::ClassEvaluation(const GroundTruth& truth,
                                 const Detections& detections,
                                 const EvalOptions& options, int klass)
    : truth_(truth),
      detections_(detections),
      options_(options),
      klass_(klass),
      T_(options.iou_thresholds.size()),
      A_(options.area_ranges.size()),
      M_(options.max_dets.size()) {
  const auto thresholds = absl::MakeConstSpan(options.iou_thresholds);
  for (size_t t = 0; t < T_; t += CellMatcher::kMaxThresholds) {
    matchers_.emplace_back(thresholds.subspan(t, CellMatcher::kMaxThresholds));
  }
}

void ClassEvaluation::Rank(absl::Span<const RankKey> members) {
  const auto& list = detections_.list;
  std::vector<RankKey> keys(members.begin(), members.end());
  SortByRank(keys, [&](const RankKey& a, const RankKey& b) {
    const ScoredDetection &x = list[a.position], &y = list[b.position];
    return std::tie(x.image, x.category, a.position) <
           std::tie(y.image, y.category, b.position);
  });
  std::vector<int> seen(truth_.images().size(), 0);
  ranked_.reserve(keys.size());
  for (const RankKey& key : keys) {
    constexpr ptrdiff_t kAhead = 16;
    if (&keys.back() - &key > kAhead) {
      __builtin_prefetch(&list[(&key)[kAhead].position]);
    }
    const ScoredDetection& d = list[key.position];
    uint32_t inside = 0;
    for (size_t a = 0; a < A_; ++a) {
      const bool in = !Outside(d.area, options_.area_ranges[a]);
      inside |= static_cast<uint32_t>(in) << a;
    }
    ranked_.push_back({key.score, d.image, key.position, inside,
                       seen[static_cast<size_t>(d.image)]++,
                       d.num_overlaps > 0});
  }
}

void ClassEvaluation::FindMatchable() {
  for (size_t i = 0; i < ranked_.size(); ++i) {
    if (!ranked_[i].overlaps) continue;
    ranked_[i].overlaps = ranked_[i].rank < options_.max_dets.back();
    if (ranked_[i].overlaps) matchable_.push_back(static_cast<uint32_t>(i));
  }
  within_.Reset(M_, matchable_.size());
  for (size_t m = 0; m < M_; ++m) {
    for (size_t i = 0; i < matchable_.size(); ++i) {
      const int rank = ranked_[matchable_[i]].rank;
      if (rank < options_.max_dets[m]) within_.Set(m, i);
    }
  }
}

void ClassEvaluation::FindPictures() {
  std::vector<uint32_t> next(truth_.images().size() + 1, 0);
  const auto image = [&](size_t i) {
    return static_cast<size_t>(ranked_[matchable_[i]].image);
  };
  for (size_t i = 0; i < matchable_.size(); ++i) ++next[image(i) + 1];
  std::partial_sum(next.begin(), next.end(), next.begin());
  by_picture_.resize(matchable_.size());
  for (size_t i = 0; i < matchable_.size(); ++i) {
    by_picture_[next[image(i)]++] = static_cast<uint32_t>(i);
  }
}

void ClassEvaluation::MatchAll() {
  correct_.Reset(A_ * T_, matchable_.size());
  wrong_.Reset(A_ * T_, matchable_.size());
  const auto pictures = absl::MakeConstSpan(by_picture_);
  const auto image = [&](size_t i) { return RankedOf(pictures[i]).image; };
  for (size_t begin = 0, end = 0; begin < pictures.size(); begin = end) {
    while (end < pictures.size() && image(end) == image(begin)) ++end;
    overlaps_.clear();
    for (const uint32_t matchable : pictures.subspan(begin, end - begin)) {
      const ScoredDetection& d = detections_.list[RankedOf(matchable).position];
      overlaps_.push_back(absl::MakeConstSpan(detections_.overlaps)
                              .subspan(d.first_overlap, d.num_overlaps));
    }
    for (size_t a = 0; a < A_; ++a) {
      MatchPicture(pictures.subspan(begin, end - begin), a);
    }
  }
}

void ClassEvaluation::MatchPicture(absl::Span<const uint32_t> matchables,
                                   size_t a) {
  const absl::Span<const TruthObject> cell =
      truth_.Cell(RankedOf(matchables[0]).image, klass_);
  ignored_.clear();
  for (const TruthObject& object : cell) {
    ignored_.push_back(object.ignore ||
                       Outside(object.area, options_.area_ranges[a]));
  }
  verdicts_.resize(matchables.size());
  const auto first = static_cast<uint32_t>(truth_.Position(cell));
  for (size_t block = 0; block < matchers_.size(); ++block) {
    matchers_[block].Match(cell, first, ignored_, overlaps_,
                           absl::MakeSpan(verdicts_));
    for (size_t i = 0; i < matchables.size(); ++i) {
      Note(verdicts_[i], a, block, matchables[i]);
    }
  }
}

// What found no object is a false positive unless its area lies outside.
void ClassEvaluation::Note(const Verdict& verdict, size_t a, size_t block,
                           uint32_t matchable) {
  const size_t first = block * CellMatcher::kMaxThresholds;
  const bool inside = RankedOf(matchable).inside >> a & 1;
  for (size_t t = first; t < std::min(T_, first + CellMatcher::kMaxThresholds);
       ++t) {
    const uint64_t bit = uint64_t{1} << (t - first);
    if (verdict.correct & bit) {
      correct_.Set(a * T_ + t, matchable);
    } else if (inside && (verdict.ignored & bit) == 0) {
      wrong_.Set(a * T_ + t, matchable);
    }
  }
}

// The many detections that overlap nothing are looked at once for all
// thresholds, cuts and area ranges.
void ClassEvaluation::CountFalsePositives() {
  const size_t n = matchable_.size();
  false_before_.resize(A_ * M_ * n);
  // By area range and the first cut that lets them in.
  std::vector<uint32_t> count(A_ * M_, 0);
  size_t i = 0;
  for (const Ranked& ranked : ranked_) {
    if (ranked.overlaps) {
      for (size_t a = 0; a < A_; ++a) {
        uint32_t before = 0;
        for (size_t m = 0; m < M_; ++m) {
          before += count[a * M_ + m];
          false_before_[(a * M_ + m) * n + i] = before;
        }
      }
      ++i;
      continue;
    }
    size_t m = 0;
    while (m < M_ && ranked.rank >= options_.max_dets[m]) ++m;
    if (m == M_) continue;
    for (size_t a = 0; a < A_; ++a) {
      count[a * M_ + m] += ranked.inside >> a & 1;
    }
  }
}

void ClassEvaluation::AccumulateArea(size_t a, EvalCurves& curves) {
  const int64_t num_objects = NumObjects(options_.area_ranges[a]);
  if (num_objects == 0) return;
  const auto objects = static_cast<double>(num_objects);
  size_t more = 0;
  for (size_t r = 0; r < reached_at_.size(); ++r) {
    const double threshold = options_.recall_thresholds[r];
    const auto recall = [&] { return static_cast<double>(more + 1) / objects; };
    while (more < static_cast<size_t>(num_objects) && recall() < threshold) {
      ++more;
    }
    reached_at_[r] = more;
  }
  for (size_t m = 0; m < M_; ++m) {
    for (size_t t = 0; t < T_; ++t) {
      FindTruePositives(
          correct_.Row(a * T_ + t), wrong_.Row(a * T_ + t), within_.Row(m),
          false_before_.data() + (a * M_ + m) * matchable_.size(), found_);
      FillCurve(curves.At(static_cast<int>(t), klass_, static_cast<int>(a),
                          static_cast<int>(m)),
                num_objects, curves);
    }
  }
}

// Only at true positives does recall grow and can precision have a peak, so
// only they are kept.
void ClassEvaluation::FillCurve(size_t curve, int64_t num_objects,
                                EvalCurves& curves) {
  const auto& thresholds = options_.recall_thresholds;
  double* const precision = &curves.precision[curve * thresholds.size()];
  double* const scores = &curves.scores[curve * thresholds.size()];
  curves.recall[curve] =
      static_cast<double>(found_.size) / static_cast<double>(num_objects);
  for (size_t i = found_.size; i-- > 1;) {
    found_.precision[i - 1] =
        std::max(found_.precision[i - 1], found_.precision[i]);
  }
  for (size_t r = 0; r < thresholds.size(); ++r) {
    const size_t at = reached_at_[r];
    const bool reached = at < found_.size;
    precision[r] = reached ? found_.precision[at] : 0;
    scores[r] = reached ? RankedOf(found_.matchable[at]).score : 0;
    // A recall of 0 is reached by the first detection, whatever it is. It has
    // rank 0, so that no cut leaves it out.
    if (thresholds[r] <= 0 && !ranked_.empty()) scores[r] = ranked_[0].score;
  }
}

int64_t ClassEvaluation::NumObjects(const AreaRange& range) const {
  return absl::c_count_if(truth_.ObjectsOf(klass_), [&](uint32_t position) {
    const TruthObject& object = truth_.objects()[position];
    return !object.ignore && !Outside(object.area, range);
  });
}

void ClassEvaluation::Run(absl::Span<const RankKey> members,
                          EvalCurves& curves) {
  const auto clear = [&](LargeVector<double>& values, size_t each) {
    std::fill(values.begin() + curves.At(0, klass_, 0, 0) * each,
              values.begin() + curves.At(0, klass_ + 1, 0, 0) * each, -1);
  };
  clear(curves.recall, 1);
  clear(curves.precision, options_.recall_thresholds.size());
  clear(curves.scores, options_.recall_thresholds.size());
  Rank(members);
  FindMatchable();
  FindPictures();
  MatchAll();
  CountFalsePositives();
  found_.precision.resize(matchable_.size());
  found_.matchable.resize(matchable_.size());
  reached_at_.resize(options_.recall_thresholds.size());
  for (size_t a = 0; a < A_; ++a) AccumulateArea(a, curves);
}

}  // namespace

void EvaluateClass(const GroundTruth& truth, const Detections& detections,
                   const EvalOptions& options, int klass,
                   absl::Span<const RankKey> members, EvalCurves& curves) {
  ClassEvaluation(truth, detections, options, klass).Run(members, curves);
}

}  // namespace fcis::eval
