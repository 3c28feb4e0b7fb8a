#include "fcis/eval/report/score_sections.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "fcis/eval/coco/category_rows.h"
#include "fcis/eval/report/escape_html.h"
#include "fcis/eval/report/svg_charts.h"

namespace fcis {
namespace {

constexpr int kEveryClass = -1;

// "45.3"; a dash for no value.
std::string Percent(double value) {
  return value < 0 ? "\xe2\x80\x93" : absl::StrFormat("%.1f", 100 * value);
}

std::string Card(bool big, double value, absl::string_view label) {
  return absl::StrCat("<div class=\"card", big ? " big" : "", "\"><b>",
                      Percent(value), "</b><span class=\"dim\">",
                      EscapeHtml(label), "</span></div>\n");
}

// Position of the threshold, or -1.
int ThresholdPosition(const EvalOptions& options, double threshold) {
  const auto found = absl::c_find(options.iou_thresholds, threshold);
  return found == options.iou_thresholds.end()
             ? -1
             : static_cast<int>(found - options.iou_thresholds.begin());
}

// Precision over recall at the usual number of detections, all areas; the mean
// over the classes that have ground truth. Empty: none has, or no range "all".
Curve PrecisionCurve(const Evaluation& evaluation, int threshold, int klass) {
  const EvalOptions& options = evaluation.options;
  const EvalCurves& curves = evaluation.curves;
  const auto range = absl::c_find_if(
      options.area_ranges, [](const AreaRange& r) { return r.label == "all"; });
  Curve curve;
  if (range == options.area_ranges.end()) return curve;
  const int a = static_cast<int>(range - options.area_ranges.begin());
  const int m = std::min(2, curves.M - 1);
  const int first = klass == kEveryClass ? 0 : klass;
  const int last = klass == kEveryClass ? curves.K : klass + 1;
  for (int r = 0; r < curves.R; ++r) {
    double sum = 0;
    int classes = 0;
    for (int k = first; k < last; ++k) {
      const double value = curves.precision[curves.At(threshold, r, k, a, m)];
      if (value < 0) continue;
      sum += value;
      ++classes;
    }
    if (classes == 0) return {};
    curve.emplace_back(options.recall_thresholds[static_cast<size_t>(r)],
                       sum / classes);
  }
  return curve;
}

int64_t CountObjects(const GroundTruth& truth, int klass) {
  return absl::c_count_if(truth.ObjectsOf(klass), [&](uint32_t i) {
    return !truth.objects()[i].ignore;
  });
}

std::vector<Bar> ApBars(const std::vector<CategoryRow>& rows) {
  std::vector<Bar> bars;
  for (const CategoryRow& row : rows) {
    bars.push_back(
        {row.label, row.score.ap, Percent(row.score.ap),
         absl::StrFormat("%s: AP %s, AP50 %s, AP75 %s", row.label,
                         Percent(row.score.ap), Percent(row.score.ap50),
                         Percent(row.score.ap75)),
         0});
  }
  absl::c_stable_sort(
      bars, [](const Bar& a, const Bar& b) { return a.value > b.value; });
  return bars;
}

std::string NumberCell(double value) {
  return absl::StrFormat("<td data-sort=\"%.6f\">%s</td>", value,
                         Percent(value));
}

// Position of a row's class.
int ClassOfRow(const Evaluation& evaluation, const CategoryRow& row) {
  return evaluation.options.class_agnostic
             ? 0
             : evaluation.truth.FindCategory(row.id);
}

std::string SizeHeadings(const Evaluation& evaluation) {
  std::string html;
  for (const SizeScore& size : evaluation.summary.sizes) {
    absl::StrAppend(&html, "<th>", EscapeHtml(size.label), "</th>");
  }
  return html;
}

std::string TableRow(const Evaluation& evaluation, const CategoryRow& row,
                     int threshold) {
  const int klass = ClassOfRow(evaluation, row);
  std::string html =
      absl::StrCat("<tr><td class=\"text\">", EscapeHtml(row.label),
                   "</td><td>", CountObjects(evaluation.truth, klass), "</td>");
  for (const double value : {row.score.ap, row.score.ap50, row.score.ap75}) {
    html += NumberCell(value);
  }
  for (const double value : row.score.ap_by_size) html += NumberCell(value);
  if (threshold >= 0) {
    const Curve curve = PrecisionCurve(evaluation, threshold, klass);
    absl::StrAppend(&html, "<td>", curve.empty() ? "" : Sparkline(curve),
                    "</td>");
  }
  return html + "</tr>\n";
}

}  // namespace

std::string HeadlineSection(const Evaluation& evaluation) {
  const auto& stats = evaluation.summary.stats;
  const std::vector<int>& cuts = evaluation.options.max_dets;
  const auto cut = [&](size_t i) { return cuts[std::min(i, cuts.size() - 1)]; };
  const std::vector<double>& ious = evaluation.options.iou_thresholds;
  std::string html =
      "<section id=\"numbers\"><h2>Headline numbers</h2>\n"
      "<p class=\"note\">COCOeval's numbers, in percent; a dash where there is "
      "nothing to average.</p><div class=\"cards\">\n";
  html += Card(true, stats[0],
               absl::StrFormat("AP, IoU %.2f:%.2f", ious.front(), ious.back()));
  html += Card(true, stats[1], "AP at IoU 0.50");
  html += Card(true, stats[2], "AP at IoU 0.75");
  html += Card(true, stats[8], absl::StrCat("AR, maxDets ", cut(2)));
  const std::vector<SizeScore>& sizes = evaluation.summary.sizes;
  for (const SizeScore& size : sizes) {
    html += Card(false, size.ap, absl::StrCat("AP ", size.label));
  }
  html += Card(false, stats[6], absl::StrCat("AR, maxDets ", cut(0)));
  html += Card(false, stats[7], absl::StrCat("AR, maxDets ", cut(1)));
  for (const SizeScore& size : sizes) {
    html += Card(false, size.ar, absl::StrCat("AR ", size.label));
  }
  return html + "</div></section>\n";
}

std::string CurvesSection(const Evaluation& evaluation) {
  constexpr size_t kMaxCurves = 10;
  const std::vector<double>& ious = evaluation.options.iou_thresholds;
  std::vector<LineSeries> lines;
  for (size_t t = 0; t < std::min(ious.size(), kMaxCurves); ++t) {
    Curve curve = PrecisionCurve(evaluation, static_cast<int>(t), kEveryClass);
    if (curve.empty()) continue;
    lines.push_back({absl::StrFormat("IoU %.2f", ious[t]), std::move(curve)});
  }
  return absl::StrCat(
      "<section id=\"curves\"><h2>Precision and recall</h2>\n"
      "<p class=\"note\">The mean over the categories that have ground "
      "truth.</p>\n",
      LineChart(lines, "recall", "precision"), "</section>\n");
}

std::string SizeSection(const Evaluation& evaluation) {
  std::vector<Bar> bars;
  for (const SizeScore& size : evaluation.summary.sizes) {
    bars.push_back(
        {absl::StrCat("AP ", size.label), size.ap, Percent(size.ap), "", 0});
  }
  for (const SizeScore& size : evaluation.summary.sizes) {
    bars.push_back(
        {absl::StrCat("AR ", size.label), size.ar, Percent(size.ar), "", 2});
  }
  std::vector<std::string> ranges;
  for (const AreaRange& range : evaluation.options.area_ranges) {
    ranges.push_back(
        absl::StrFormat("%s %g to %g", range.label, range.low, range.high));
  }
  return absl::StrCat(
      "<section id=\"sizes\"><h2>By size of the object</h2>\n"
      "<p class=\"note\">Areas in square pixels: ",
      EscapeHtml(absl::StrJoin(ranges, ", ")), ".</p>\n", BarChart(bars, 1),
      "</section>\n");
}

std::string CategorySection(const Evaluation& evaluation) {
  const std::vector<CategoryRow> rows = CategoryRows(evaluation);
  const std::vector<Bar> bars = ApBars(rows);
  // In two columns when there are many.
  constexpr size_t kOneColumn = 12;
  const size_t half =
      bars.size() <= kOneColumn ? bars.size() : (bars.size() + 1) / 2;
  const auto all = absl::MakeConstSpan(bars);
  std::string html = absl::StrCat(
      "<section id=\"categories\"><h2>AP by category</h2>\n<div "
      "class=\"two\">\n",
      BarChart(all.subspan(0, half), 1),
      half < bars.size() ? BarChart(all.subspan(half), 1) : "", "</div>\n");
  const int threshold = ThresholdPosition(evaluation.options, .5);
  absl::StrAppend(
      &html,
      "<details open><summary>All numbers</summary><p class=\"note\">A click "
      "on "
      "a heading sorts.</p>"
      "<div class=\"scroll\"><table class=\"sortable\"><thead><tr>"
      "<th class=\"text\">category</th><th>objects</th><th>AP</th>"
      "<th>AP50</th><th>AP75</th>",
      SizeHeadings(evaluation),
      threshold >= 0 ? "<th>precision at IoU 0.5</th>" : "",
      "</tr></thead><tbody>\n");
  for (const CategoryRow& row : rows) {
    html += TableRow(evaluation, row, threshold);
  }
  return html + "</tbody></table></div></details></section>\n";
}

}  // namespace fcis
