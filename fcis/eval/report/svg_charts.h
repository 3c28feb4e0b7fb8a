// Charts as inline SVG. Colours come from the page's CSS (classes s0 to s9 for
// series, otherwise named after what they colour), so that they follow its
// light or dark scheme. Texts are escaped.
#ifndef FCIS_EVAL_REPORT_SVG_CHARTS_H_
#define FCIS_EVAL_REPORT_SVG_CHARTS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/eval/report/confusion.h"

namespace fcis {

struct Bar {
  std::string label;
  double value = 0;   // < 0: no value
  std::string text;   // at its end
  std::string title;  // shown when the pointer rests on it
  int series = 0;     // 0 to 9, the colour
};

// Horizontal bars from 0 to `max` (> 0), one below the other.
std::string BarChart(absl::Span<const Bar> bars, double max);

using Curve = std::vector<std::pair<double, double>>;

struct LineSeries {
  std::string label;
  Curve points;  // in the unit square
};

// Lines (at most 10) over a unit square with a legend beside it.
std::string LineChart(absl::Span<const LineSeries> lines,
                      absl::string_view x_label, absl::string_view y_label);

// A small picture of one curve in the unit square, without axes.
std::string Sparkline(const Curve& curve);

// One bar per bin of [0, 1], as high as `heights`, each with its title; a bar
// of height < 0 is left out. Over them the diagonal.
std::string ReliabilityChart(absl::Span<const double> heights,
                             absl::Span<const std::string> titles);

// The counts as shades, each row for itself. `names`: one per class.
std::string ConfusionChart(const ConfusionMatrix& matrix,
                           absl::Span<const std::string> names);

}  // namespace fcis

#endif  // FCIS_EVAL_REPORT_SVG_CHARTS_H_
