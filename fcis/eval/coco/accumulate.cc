#include "fcis/eval/coco/accumulate.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tuple>

#include "absl/algorithm/container.h"
#include "absl/types/span.h"
#include "fcis/core/base/parallel.h"

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

namespace {

// NumPy's spacing(1), which keeps 0 / 0 away.
constexpr double kSpacing = std::numeric_limits<double>::epsilon();

bool Outside(double area, const AreaRange& range) {
  return area < range.low || area > range.high;
}

// A detection with what its place in the ranking needs, so that ranking does
// not jump about in memory.
struct Ranked {
  double score;
  int image, category;
  uint32_t position;  // in the list, which stands for the file's order
  uint32_t inside;    // bit a: its area lies in area range a
  int rank;           // in its picture, from 0
  // -1: it overlaps nothing. Else, once ranked, its position among the
  // matchable ones, or -1 when no cut lets it in.
  int matchable;
};

bool Before(const Ranked& a, const Ranked& b) {
  if (a.score != b.score) return a.score > b.score;
  return std::tie(a.image, a.category, a.position) <
         std::tie(b.image, b.category, b.position);
}

// One class: detections by descending score; of equal scores by picture, then
// in the file's order.
class ClassEvaluation {
 public:
  ClassEvaluation(const GroundTruth& truth, const Detections& detections,
                  const EvalOptions& options, int klass)
      : truth_(truth),
        detections_(detections),
        options_(options),
        klass_(klass),
        T_(options.iou_thresholds.size()) {}

  // `members`: the detections of the class, which are put in order.
  void Run(absl::Span<Ranked> members, EvalCurves& curves);

 private:
  void Rank();
  void FindPictures();
  void MatchAll();
  void MatchPicture(absl::Span<const int> positions, size_t a);
  void CountFalsePositives();
  void AccumulateCut(size_t a, size_t m, EvalCurves& curves);
  void FillCurve(size_t t, size_t a, size_t m, int64_t num_objects,
                 EvalCurves& curves);
  int64_t NumObjects(const AreaRange& range) const;

  const ScoredDetection& DetectionOf(int matchable) const {
    const int i = matchable_[static_cast<size_t>(matchable)];
    return detections_.list[ranked_[static_cast<size_t>(i)].position];
  }
  // One verdict per area range, threshold and matchable detection.
  Verdict& VerdictOf(size_t a, size_t t, size_t matchable) {
    return verdicts_[(a * T_ + t) * matchable_.size() + matchable];
  }

  struct TruePositive {
    double precision, score;
  };

  const GroundTruth& truth_;
  const Detections& detections_;
  const EvalOptions& options_;
  const int klass_;
  const size_t T_;

  absl::Span<Ranked> ranked_;
  // Positions in ranked_ of detections that overlap some object, ascending; and
  // their numbers picture by picture.
  std::vector<int> matchable_;
  std::vector<int> by_picture_;
  std::vector<Verdict> verdicts_;
  CellMatcher matcher_;
  std::vector<uint8_t> ignored_;
  std::vector<absl::Span<const Overlap>> overlaps_;
  std::vector<Verdict> cell_verdicts_;
  // Detections that overlap nothing and count as false positives, before each
  // matchable one: [matchable][max_dets][area range].
  std::vector<uint32_t> false_before_;
  std::vector<TruePositive> found_;
};

void ClassEvaluation::Rank() {
  std::vector<int> seen(truth_.images().size(), 0);
  for (size_t i = 0; i < ranked_.size(); ++i) {
    Ranked& ranked = ranked_[i];
    ranked.rank = seen[static_cast<size_t>(ranked.image)]++;
    if (ranked.matchable < 0) continue;
    ranked.matchable = -1;
    if (ranked.rank >= options_.max_dets.back()) continue;
    ranked.matchable = static_cast<int>(matchable_.size());
    matchable_.push_back(static_cast<int>(i));
  }
}

void ClassEvaluation::FindPictures() {
  const auto image = [&](int matchable) {
    return DetectionOf(matchable).image;
  };
  by_picture_.resize(matchable_.size());
  for (size_t i = 0; i < by_picture_.size(); ++i) {
    by_picture_[i] = static_cast<int>(i);
  }
  absl::c_stable_sort(by_picture_,
                      [&](int a, int b) { return image(a) < image(b); });
}

void ClassEvaluation::MatchAll() {
  verdicts_.assign(options_.area_ranges.size() * T_ * matchable_.size(),
                   Verdict::kUnmatched);
  const auto image = [&](size_t i) {
    return DetectionOf(by_picture_[i]).image;
  };
  for (size_t begin = 0, end = 0; begin < by_picture_.size(); begin = end) {
    while (end < by_picture_.size() && image(end) == image(begin)) ++end;
    for (size_t a = 0; a < options_.area_ranges.size(); ++a) {
      MatchPicture(absl::MakeConstSpan(by_picture_).subspan(begin, end - begin),
                   a);
    }
  }
}

void ClassEvaluation::MatchPicture(absl::Span<const int> positions, size_t a) {
  const absl::Span<const TruthObject> cell =
      truth_.Cell(DetectionOf(positions[0]).image, klass_);
  ignored_.clear();
  for (const TruthObject& object : cell) {
    ignored_.push_back(object.ignore ||
                       Outside(object.area, options_.area_ranges[a]));
  }
  overlaps_.clear();
  for (const int position : positions) {
    const ScoredDetection& d = DetectionOf(position);
    overlaps_.push_back(absl::MakeConstSpan(detections_.overlaps)
                            .subspan(d.first_overlap, d.num_overlaps));
  }
  cell_verdicts_.resize(positions.size());
  const auto first = static_cast<uint32_t>(truth_.Position(cell));
  for (size_t t = 0; t < T_; ++t) {
    matcher_.Match(cell, first, ignored_, overlaps_, options_.iou_thresholds[t],
                   absl::MakeSpan(cell_verdicts_));
    for (size_t i = 0; i < positions.size(); ++i) {
      Verdict verdict = cell_verdicts_[i];
      if (verdict == Verdict::kUnmatched &&
          Outside(DetectionOf(positions[i]).area, options_.area_ranges[a])) {
        verdict = Verdict::kIgnored;
      }
      VerdictOf(a, t, static_cast<size_t>(positions[i])) = verdict;
    }
  }
}

// The many detections that overlap nothing are looked at once for all
// thresholds, cuts and area ranges.
void ClassEvaluation::CountFalsePositives() {
  const size_t cuts = options_.max_dets.size();
  const size_t ranges = options_.area_ranges.size();
  false_before_.resize(matchable_.size() * cuts * ranges);
  std::vector<uint32_t> count(cuts * ranges, 0);
  uint32_t* out = false_before_.data();
  for (const Ranked& ranked : ranked_) {
    if (ranked.matchable >= 0) {
      out = std::copy(count.begin(), count.end(), out);
      continue;
    }
    // Cuts ascend: what the last leaves out, all leave out.
    for (size_t m = cuts; m-- > 0 && ranked.rank < options_.max_dets[m];) {
      for (size_t a = 0; a < ranges; ++a) {
        count[m * ranges + a] += ranked.inside >> a & 1;
      }
    }
  }
}

// Only at true positives does recall grow and can precision have a peak, so
// only they are kept.
void ClassEvaluation::AccumulateCut(size_t a, size_t m, EvalCurves& curves) {
  const int64_t num_objects = NumObjects(options_.area_ranges[a]);
  if (num_objects == 0) return;
  const size_t cuts = options_.max_dets.size();
  const size_t ranges = options_.area_ranges.size();
  for (size_t t = 0; t < T_; ++t) {
    found_.clear();
    uint32_t more_false = 0;
    for (size_t i = 0; i < matchable_.size(); ++i) {
      const Ranked& ranked = ranked_[static_cast<size_t>(matchable_[i])];
      if (ranked.rank >= options_.max_dets[m]) continue;
      const Verdict verdict = VerdictOf(a, t, i);
      more_false += verdict == Verdict::kUnmatched;
      if (verdict != Verdict::kTruePositive) continue;
      const auto tp = static_cast<double>(found_.size() + 1);
      const uint32_t before = false_before_[(i * cuts + m) * ranges + a];
      const double fp = static_cast<double>(before) + more_false;
      found_.push_back({tp / (fp + tp + kSpacing), ranked.score});
    }
    FillCurve(t, a, m, num_objects, curves);
  }
}

void ClassEvaluation::FillCurve(size_t t, size_t a, size_t m,
                                int64_t num_objects, EvalCurves& curves) {
  const size_t curve = curves.At(static_cast<int>(t), klass_,
                                 static_cast<int>(a), static_cast<int>(m));
  const auto& thresholds = options_.recall_thresholds;
  double* const precision = &curves.precision[curve * thresholds.size()];
  double* const scores = &curves.scores[curve * thresholds.size()];
  const auto objects = static_cast<double>(num_objects);
  curves.recall[curve] = static_cast<double>(found_.size()) / objects;
  for (size_t i = found_.size(); i-- > 1;) {
    found_[i - 1].precision =
        std::max(found_[i - 1].precision, found_[i].precision);
  }
  size_t r = 0;
  // A recall of 0 is reached by the first detection, whatever it is. It has
  // rank 0, so that no cut leaves it out.
  for (; !ranked_.empty() && r < thresholds.size() && thresholds[r] <= 0; ++r) {
    precision[r] = found_.empty() ? 0 : found_[0].precision;
    scores[r] = ranked_[0].score;
  }
  for (size_t i = 0; i < found_.size(); ++i) {
    const double recall = static_cast<double>(i + 1) / objects;
    for (; r < thresholds.size() && thresholds[r] <= recall; ++r) {
      precision[r] = found_[i].precision;
      scores[r] = found_[i].score;
    }
  }
  for (; r < thresholds.size(); ++r) {
    precision[r] = scores[r] = 0;
  }
}

int64_t ClassEvaluation::NumObjects(const AreaRange& range) const {
  return absl::c_count_if(truth_.ObjectsOf(klass_), [&](uint32_t position) {
    const TruthObject& object = truth_.objects()[position];
    return !object.ignore && !Outside(object.area, range);
  });
}

void ClassEvaluation::Run(absl::Span<Ranked> members, EvalCurves& curves) {
  ranked_ = members;
  absl::c_sort(ranked_, Before);
  Rank();
  FindPictures();
  MatchAll();
  CountFalsePositives();
  for (size_t a = 0; a < options_.area_ranges.size(); ++a) {
    for (size_t m = 0; m < options_.max_dets.size(); ++m) {
      AccumulateCut(a, m, curves);
    }
  }
}

// Detections class by class.
struct Members {
  std::vector<Ranked> ranked;
  std::vector<size_t> first;  // by class, and the end
};

Members ByClass(const GroundTruth& truth, const Detections& detections,
                const EvalOptions& options) {
  Members members;
  members.first.assign(static_cast<size_t>(truth.num_classes()) + 1, 0);
  const auto klass = [&](const ScoredDetection& detection) {
    return static_cast<size_t>(truth.ClassOf(detection.category));
  };
  for (const ScoredDetection& detection : detections.list) {
    ++members.first[klass(detection) + 1];
  }
  for (size_t k = 1; k < members.first.size(); ++k) {
    members.first[k] += members.first[k - 1];
  }
  members.ranked.resize(detections.list.size());
  std::vector<size_t> next(members.first.begin(), members.first.end() - 1);
  for (size_t i = 0; i < detections.list.size(); ++i) {
    const ScoredDetection& d = detections.list[i];
    uint32_t inside = 0;
    for (size_t a = 0; a < options.area_ranges.size(); ++a) {
      const bool in = !Outside(d.area, options.area_ranges[a]);
      inside |= static_cast<uint32_t>(in) << a;
    }
    members.ranked[next[klass(d)]++] = {d.score,
                                        d.image,
                                        d.category,
                                        static_cast<uint32_t>(i),
                                        inside,
                                        0,
                                        d.num_overlaps == 0 ? -1 : 0};
  }
  return members;
}

}  // namespace

EvalCurves::EvalCurves(const EvalOptions& options, int num_classes)
    : T(static_cast<int>(options.iou_thresholds.size())),
      R(static_cast<int>(options.recall_thresholds.size())),
      K(num_classes),
      A(static_cast<int>(options.area_ranges.size())),
      M(static_cast<int>(options.max_dets.size())) {
  recall.assign(At(0, K, 0, 0), -1);
  precision.assign(At(0, 0, K, 0, 0), -1);
  scores.assign(At(0, 0, K, 0, 0), -1);
}

EvalCurves Accumulate(const GroundTruth& truth, const Detections& detections,
                      const EvalOptions& options) {
  EvalCurves curves(options, truth.num_classes());
  Members members = ByClass(truth, detections, options);
  ParallelFor(truth.num_classes(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const size_t first = members.first[static_cast<size_t>(k)];
      const size_t last = members.first[static_cast<size_t>(k) + 1];
      ClassEvaluation(truth, detections, options, static_cast<int>(k))
          .Run(absl::MakeSpan(members.ranked).subspan(first, last - first),
               curves);
    }
  });
  return curves;
}

}  // namespace fcis::eval
