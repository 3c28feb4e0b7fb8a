#include "fcis/eval/coco/summary.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/pairwise_sum.h"
#include "fcis/core/base/parallel.h"

namespace fcis::eval {
namespace {

constexpr int kUsualMaxDets = 100;
constexpr double kEveryThreshold = -1;
constexpr int kEveryClass = -1;

// One of COCOeval's numbers.
struct Measure {
  bool precision;  // else recall
  double iou;      // or kEveryThreshold
  absl::string_view area;
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

// Of the values that are there.
double Mean(std::vector<double> values) {
  values.erase(std::remove_if(values.begin(), values.end(),
                              [](double v) { return !(v > -1); }),
               values.end());
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
        values.push_back(value);
      }
    }
  }
  return Mean(std::move(values));
}

std::vector<std::string> SizeLabels(const EvalOptions& options) {
  std::vector<std::string> labels;
  for (const AreaRange& range : options.area_ranges) {
    if (range.label == "all" || absl::c_linear_search(labels, range.label)) {
      continue;
    }
    labels.push_back(range.label);
  }
  return labels;
}

Measure OfSize(bool precision, absl::string_view label) {
  return {precision, kEveryThreshold, label, 2};
}

// The numbers of a CategoryScore.
std::vector<Measure> CategoryMeasures(const std::vector<SizeScore>& sizes) {
  std::vector<Measure> measures(kMeasures.begin(), kMeasures.begin() + 3);
  for (const SizeScore& size : sizes) {
    measures.push_back(OfSize(true, size.label));
  }
  return measures;
}

void AppendLine(const Measure& measure, double value,
                const EvalOptions& options, std::string& text) {
  const std::string iou =
      measure.iou == kEveryThreshold
          ? absl::StrFormat("%.2f:%.2f", options.iou_thresholds.front(),
                            options.iou_thresholds.back())
          : absl::StrFormat("%.2f", measure.iou);
  absl::StrAppendFormat(
      &text, " %-18s %s @[ IoU=%-9s | area=%6s | maxDets=%3d ] = %0.3f\n",
      measure.precision ? "Average Precision" : "Average Recall",
      measure.precision ? "(AP)" : "(AR)", iou, measure.area,
      MaxDets(measure, options), value);
}

}  // namespace

EvalSummary Summarize(const EvalCurves& curves, const EvalOptions& options) {
  EvalSummary summary;
  ParallelForEach(kMeasures.size(), 1, [&](size_t i) {
    summary.stats[i] = Evaluate(curves, options, kMeasures[i],
                                MaxDets(kMeasures[i], options), kEveryClass);
  });
  for (std::string& label : SizeLabels(options)) {
    const auto value = [&](bool precision) {
      const Measure measure = OfSize(precision, label);
      return Evaluate(curves, options, measure, MaxDets(measure, options),
                      kEveryClass);
    };
    const double ap = value(true), ar = value(false);
    summary.sizes.push_back({std::move(label), ap, ar});
  }
  summary.categories.resize(static_cast<size_t>(curves.K));
  const std::vector<Measure> measures = CategoryMeasures(summary.sizes);
  ParallelForEach(summary.categories.size(), 4, [&](size_t k) {
    for (const Measure& measure : measures) {
      const int m = MaxDetsPosition(measure, options);
      summary.categories[k].push_back(Evaluate(
          curves, options, measure, options.max_dets[static_cast<size_t>(m)],
          static_cast<int>(k)));
    }
  });
  for (size_t i = 0; i < measures.size(); ++i) {
    std::vector<double> values;
    for (const CategoryScore& score : summary.categories) {
      values.push_back(score[i]);
    }
    summary.mean.push_back(Mean(std::move(values)));
  }
  return summary;
}

std::vector<std::string> SizeColumns(const EvalSummary& summary) {
  const std::vector<std::string> labels = {"small", "medium", "large"};
  const bool usual = absl::c_all_of(summary.sizes, [&](const SizeScore& size) {
    return absl::c_linear_search(labels, size.label);
  });
  std::vector<std::string> columns;
  for (const SizeScore& size : summary.sizes) {
    columns.push_back(usual ? absl::StrCat("AP", size.label.substr(0, 1))
                            : absl::StrCat("AP_", size.label));
  }
  return columns;
}

std::vector<std::string> ScoreColumns(const EvalSummary& summary) {
  std::vector<std::string> columns = {"AP", "AP50", "AP75"};
  absl::c_move(SizeColumns(summary), std::back_inserter(columns));
  return columns;
}

std::string SummaryText(const EvalSummary& summary,
                        const EvalOptions& options) {
  std::string text;
  for (const bool precision : {true, false}) {
    for (size_t i = 0; i < kMeasures.size(); ++i) {
      const Measure& measure = kMeasures[i];
      if (measure.precision != precision || measure.area != "all") continue;
      AppendLine(measure, summary.stats[i], options, text);
    }
    for (const SizeScore& size : summary.sizes) {
      AppendLine(OfSize(precision, size.label), precision ? size.ap : size.ar,
                 options, text);
    }
  }
  return text;
}

}  // namespace fcis::eval
