#include "fcis/eval/coco/summary.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "fcis/core/base/pairwise_sum.h"

namespace fcis {
namespace {

constexpr int kUsualMaxDets = 100;
constexpr double kEveryThreshold = -1;
constexpr int kEveryClass = -1;

// One of COCOeval's numbers.
struct Measure {
  bool precision;  // else recall
  double iou;      // or kEveryThreshold
  const char* area;
  int max_dets;  // position among the options'; -1: 100
};

constexpr std::array<Measure, 12> kMeasures = {{
    {true, kEveryThreshold, "all", -1},
    {true, .5, "all", 2},
    {true, .75, "all", 2},
    {true, kEveryThreshold, "small", 2},
    {true, kEveryThreshold, "medium", 2},
    {true, kEveryThreshold, "large", 2},
    {false, kEveryThreshold, "all", 0},
    {false, kEveryThreshold, "all", 1},
    {false, kEveryThreshold, "all", 2},
    {false, kEveryThreshold, "small", 2},
    {false, kEveryThreshold, "medium", 2},
    {false, kEveryThreshold, "large", 2},
}};

int MaxDetsPosition(const Measure& measure, const EvalOptions& options) {
  const int last = static_cast<int>(options.max_dets.size()) - 1;
  return std::min(measure.max_dets < 0 ? 2 : measure.max_dets, last);
}

int MaxDets(const Measure& measure, const EvalOptions& options) {
  if (measure.max_dets < 0 && !options.sane) return kUsualMaxDets;
  return options
      .max_dets[static_cast<size_t>(MaxDetsPosition(measure, options))];
}

// Positions of the equal ones.
template <typename Items, typename Matches>
std::vector<int> Find(const Items& items, Matches matches) {
  std::vector<int> found;
  for (size_t i = 0; i < items.size(); ++i) {
    if (matches(items[i])) found.push_back(static_cast<int>(i));
  }
  return found;
}

double Mean(const std::vector<double>& values) {
  if (values.empty()) return -1;
  const auto n = static_cast<int64_t>(values.size());
  return PairwiseSum(values.data(), n) / static_cast<double>(n);
}

// In the order in which NumPy walks over the array, on which the sum's last bit
// hangs.
double Evaluate(const EvalCurves& curves, const EvalOptions& options,
                const Measure& measure, int max_dets, int klass) {
  const std::vector<int> thresholds =
      Find(options.iou_thresholds, [&](double threshold) {
        return measure.iou == kEveryThreshold || threshold == measure.iou;
      });
  const std::vector<int> areas =
      Find(options.area_ranges,
           [&](const AreaRange& range) { return range.label == measure.area; });
  const std::vector<int> cuts =
      Find(options.max_dets, [&](int cut) { return cut == max_dets; });
  std::vector<double> values;
  if (areas.empty() || cuts.empty()) return -1;
  // A label or cut that is there twice counts twice.
  const size_t places = std::max(areas.size(), cuts.size());
  const int first = klass == kEveryClass ? 0 : klass;
  const int last = klass == kEveryClass ? curves.K : klass + 1;
  for (const int t : thresholds) {
    for (int r = 0; r < (measure.precision ? curves.R : 1); ++r) {
      for (size_t i = 0; i < static_cast<size_t>(last - first) * places; ++i) {
        const int k = first + static_cast<int>(i / places);
        const int a = areas[std::min(i % places, areas.size() - 1)];
        const int m = cuts[std::min(i % places, cuts.size() - 1)];
        const double value = measure.precision
                                 ? curves.precision[curves.At(t, r, k, a, m)]
                                 : curves.recall[curves.At(t, k, a, m)];
        if (value > -1) values.push_back(value);
      }
    }
  }
  return Mean(values);
}

CategoryScore ScoreOf(const EvalCurves& curves, const EvalOptions& options,
                      int klass) {
  const auto value = [&](const Measure& measure) {
    const int m = MaxDetsPosition(measure, options);
    return Evaluate(curves, options, measure,
                    options.max_dets[static_cast<size_t>(m)], klass);
  };
  CategoryScore score;
  score.ap = value(kMeasures[0]);
  score.ap50 = value(kMeasures[1]);
  score.ap75 = value(kMeasures[2]);
  score.ap_small = value(kMeasures[3]);
  score.ap_medium = value(kMeasures[4]);
  score.ap_large = value(kMeasures[5]);
  return score;
}

}  // namespace

EvalSummary Summarize(const EvalCurves& curves, const EvalOptions& options) {
  EvalSummary summary;
  for (size_t i = 0; i < kMeasures.size(); ++i) {
    summary.stats[i] = Evaluate(curves, options, kMeasures[i],
                                MaxDets(kMeasures[i], options), kEveryClass);
  }
  for (int k = 0; k < curves.K; ++k) {
    summary.categories.push_back(ScoreOf(curves, options, k));
  }
  for (double CategoryScore::*member :
       {&CategoryScore::ap, &CategoryScore::ap50, &CategoryScore::ap75,
        &CategoryScore::ap_small, &CategoryScore::ap_medium,
        &CategoryScore::ap_large}) {
    std::vector<double> values;
    for (const CategoryScore& score : summary.categories) {
      if (score.*member > -1) values.push_back(score.*member);
    }
    summary.mean.*member = Mean(values);
  }
  return summary;
}

std::string SummaryText(const EvalSummary& summary,
                        const EvalOptions& options) {
  std::string text;
  for (size_t i = 0; i < kMeasures.size(); ++i) {
    const Measure& measure = kMeasures[i];
    const std::string iou =
        measure.iou == kEveryThreshold
            ? absl::StrFormat("%.2f:%.2f", options.iou_thresholds.front(),
                              options.iou_thresholds.back())
            : absl::StrFormat("%.2f", measure.iou);
    absl::StrAppendFormat(
        &text, " %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3d ] = %0.3f\n",
        measure.precision ? "Average Precision" : "Average Recall",
        measure.precision ? "(AP)" : "(AR)", iou, measure.area,
        MaxDets(measure, options), summary.stats[i]);
  }
  return text;
}

}  // namespace fcis
