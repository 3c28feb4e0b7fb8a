#include "fcis/eval/report/error_sections.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/eval/report/escape_html.h"
#include "fcis/eval/report/svg_charts.h"

namespace fcis {
namespace {

struct KindText {
  const char* name;
  const char* meaning;
};

// By ErrorKind.
constexpr std::array<KindText, kNumErrorKinds> kKinds = {{
    {"classification",
     "on an object (IoU at least 0.5), but of another category"},
    {"localisation",
     "of the right category, but the object is only touched (IoU 0.1 to 0.5)"},
    {"both", "touches an object of another category only"},
    {"duplicate", "on an object that a better detection has already found"},
    {"background", "touches no object (IoU at most 0.1)"},
    {"missed", "an object that no detection of the first two kinds is for"},
}};

std::string Points(double gain) { return absl::StrFormat("%.2f", 100 * gain); }

struct Mistake {
  int truth, detected;
  int64_t count, of;
};

// Between two categories, the most frequent first.
std::vector<Mistake> TopMistakes(const ConfusionMatrix& matrix, size_t most) {
  std::vector<Mistake> mistakes;
  const int n = matrix.num_classes;
  for (int truth = 0; truth < n; ++truth) {
    int64_t all = 0;
    for (int detected = 0; detected <= n; ++detected) {
      all += matrix.At(truth, detected);
    }
    for (int detected = 0; detected < n; ++detected) {
      const int64_t count = matrix.At(truth, detected);
      if (detected == truth || count == 0) continue;
      mistakes.push_back({truth, detected, count, all});
    }
  }
  absl::c_stable_sort(mistakes, [](const Mistake& a, const Mistake& b) {
    return a.count > b.count;
  });
  mistakes.resize(std::min(mistakes.size(), most));
  return mistakes;
}

}  // namespace

std::string ErrorSection(const ErrorBreakdown& breakdown) {
  std::vector<Bar> bars;
  double max = 0;
  std::string rows;
  for (size_t i = 0; i < kKinds.size(); ++i) {
    const double gain = breakdown.gains[i];
    max = std::max(max, gain);
    bars.push_back({kKinds[i].name, gain, absl::StrCat("+", Points(gain)),
                    kKinds[i].meaning, static_cast<int>(i)});
    absl::StrAppend(&rows, "<tr><td class=\"text\">", kKinds[i].name,
                    "</td><td class=\"text\">", kKinds[i].meaning, "</td><td>",
                    breakdown.counts[i], "</td><td>", Points(gain),
                    "</td></tr>\n");
  }
  return absl::StrCat(
      "<section id=\"errors\"><h2>Kinds of errors</h2>\n<p class=\"note\">As "
      "TIDE defines them (Bolya et al., ECCV 2020): how many points of AP at "
      "IoU 0.5, now ",
      Points(breakdown.ap),
      ", would be gained if all errors of a kind were mended. Kinds overlap, "
      "so the gains do not add up.</p>\n",
      BarChart(bars, max > 0 ? max : 1),
      "<div class=\"scroll\"><table><thead><tr><th class=\"text\">kind</th>"
      "<th class=\"text\">a detection that is</th><th>number</th><th>AP "
      "gained</th></tr></thead><tbody>\n",
      rows,
      "<tr><td class=\"text\">false positives</td><td class=\"text\">all wrong "
      "detections ranked last</td><td></td><td>",
      Points(breakdown.false_positive_gain),
      "</td></tr>\n<tr><td class=\"text\">false negatives</td><td "
      "class=\"text\">all objects found that were not</td><td></td><td>",
      Points(breakdown.false_negative_gain),
      "</td></tr>\n</tbody></table></div></section>\n");
}

std::string ConfusionSection(const ConfusionMatrix& matrix,
                             const OperatingPoint& point,
                             absl::Span<const std::string> names) {
  constexpr size_t kMost = 15;
  std::string html = absl::StrFormat(
      "<section id=\"confusion\"><h2>Confusion matrix</h2>\n<p "
      "class=\"note\">Detections with a score of at least %.3f, where F1 is "
      "best; each takes the free object with the largest IoU of at least 0.5, "
      "of any category. Rows: what it is; columns: what it was taken for; "
      "shades are shares of the row. Last row: detections on nothing; last "
      "column: objects that were missed.</p>\n<div class=\"scroll\">",
      point.score);
  absl::StrAppend(&html, ConfusionChart(matrix, names), "</div>\n<div>");
  const std::vector<Mistake> mistakes = TopMistakes(matrix, kMost);
  if (mistakes.empty()) {
    return html +
           "<p>No object was taken for one of another category.</p>"
           "</div></section>\n";
  }
  html +=
      "<h3>Most frequent mistakes</h3><table class=\"sortable\"><thead><tr>"
      "<th class=\"text\">object</th><th class=\"text\">taken for</th>"
      "<th>number</th><th>of all, %</th></tr></thead><tbody>\n";
  for (const Mistake& mistake : mistakes) {
    absl::StrAppendFormat(
        &html,
        "<tr><td class=\"text\">%s</td><td class=\"text\">%s</td><td>%d</td>"
        "<td>%.1f</td></tr>\n",
        EscapeHtml(names[static_cast<size_t>(mistake.truth)]),
        EscapeHtml(names[static_cast<size_t>(mistake.detected)]), mistake.count,
        100 * static_cast<double>(mistake.count) /
            static_cast<double>(mistake.of));
  }
  return html + "</tbody></table></div></section>\n";
}

std::string CalibrationSection(const Calibration& calibration,
                               const OperatingPoint& point) {
  std::vector<double> heights;
  std::vector<std::string> titles;
  std::string rows;
  const size_t n = calibration.bins.size();
  for (size_t i = 0; i < n; ++i) {
    const CalibrationBin& bin = calibration.bins[i];
    const std::string range =
        absl::StrFormat("%.1f to %.1f", static_cast<double>(i) / n,
                        static_cast<double>(i + 1) / n);
    heights.push_back(bin.detections == 0 ? -1 : bin.precision);
    titles.push_back(absl::StrFormat(
        "scores %s: %d detections, %.1f %% correct, mean score %.3f", range,
        bin.detections, 100 * bin.precision, bin.mean_score));
    absl::StrAppendFormat(&rows, "<tr><td>%s</td><td>%d</td>", range,
                          bin.detections);
    rows += bin.detections == 0
                ? "<td></td><td></td></tr>\n"
                : absl::StrFormat("<td>%.3f</td><td>%.3f</td></tr>\n",
                                  bin.mean_score, bin.precision);
  }
  return absl::StrCat(
      "<section id=\"calibration\"><h2>Calibration of the scores</h2>\n",
      absl::StrFormat(
          "<p class=\"note\">A bar shows which share of the detections of a "
          "score is correct at IoU 0.5; of a calibrated detector the bars "
          "end at the line. Expected calibration error %.3f; the bars come "
          "closest when all scores are %.2f logits lower (convert "
          "--lower_scores). F1 is best, %.3f, at a score of %.3f, with "
          "precision %.3f and recall %.3f.</p>\n",
          calibration.error, calibration.overconfidence, point.f1, point.score,
          point.precision, point.recall),
      "<div class=\"two\">", ReliabilityChart(heights, titles),
      "<table><thead><tr><th>score</th><th>detections</th><th>mean "
      "score</th><th>correct</th></tr></thead><tbody>\n",
      rows, "</tbody></table></div></section>\n");
}

}  // namespace fcis
