#include "fcis/eval/report/svg_charts.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/eval/report/escape_html.h"

namespace fcis {
namespace {

constexpr double kPlot = 320;  // side of a unit square
constexpr double kLeft = 48, kTop = 12, kBelow = 44;

std::string OpenSvg(double width, double height, absl::string_view css_class,
                    absl::string_view label) {
  return absl::StrFormat(
      "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" style=\"max-width:%.0fpx\" "
      "role=\"img\" aria-label=\"%s\">\n",
      css_class, width, height, width, EscapeHtml(label));
}

std::string Title(absl::string_view title) {
  if (title.empty()) return "";
  return absl::StrCat("<title>", EscapeHtml(title), "</title>");
}

std::string SvgText(double x, double y, absl::string_view css_class,
                    absl::string_view text) {
  return absl::StrFormat("<text x=\"%.1f\" y=\"%.1f\" class=\"%s\">%s</text>\n",
                         x, y, css_class, EscapeHtml(text));
}

double PlotX(double x) { return kLeft + kPlot * x; }
double PlotY(double y) { return kTop + kPlot * (1 - y); }

std::string Points(const Curve& curve) {
  std::string points;
  for (const auto& [x, y] : curve) {
    absl::StrAppendFormat(&points, "%.1f,%.1f ", PlotX(x), PlotY(y));
  }
  return points;
}

// Grid, ticks and axis names of a unit square.
std::string Axes(absl::string_view x_label, absl::string_view y_label) {
  std::string svg;
  for (int i = 0; i <= 5; ++i) {
    const double at = i / 5.0;
    absl::StrAppendFormat(
        &svg, "<path class=\"grid\" d=\"M%.1f %.1fH%.1fM%.1f %.1fV%.1f\"/>\n",
        PlotX(0), PlotY(at), PlotX(1), PlotX(at), PlotY(0), PlotY(1));
    const std::string tick = absl::StrFormat("%.1f", at);
    svg += SvgText(PlotX(at), PlotY(0) + 16, "tick middle", tick);
    svg += SvgText(PlotX(0) - 8, PlotY(at) + 4, "tick end", tick);
  }
  svg += SvgText(PlotX(.5), PlotY(0) + 36, "axis middle", x_label);
  absl::StrAppendFormat(&svg,
                        "<text transform=\"translate(14 %.1f) rotate(-90)\" "
                        "class=\"axis middle\">%s</text>\n",
                        PlotY(.5), EscapeHtml(y_label));
  return svg;
}

}  // namespace

std::string BarChart(absl::Span<const Bar> bars, double max) {
  constexpr double kRow = 22, kLabel = 130, kLength = 340, kText = 60;
  const double height = kRow * static_cast<double>(bars.size());
  std::string svg =
      OpenSvg(kLabel + kLength + kText, height, "bars", "bar chart");
  double y = 0;
  for (const Bar& bar : bars) {
    const double length = kLength * std::clamp(bar.value / max, 0.0, 1.0);
    absl::StrAppend(&svg, "<g>", Title(bar.title));
    svg += SvgText(kLabel - 8, y + 15, "label end", bar.label);
    absl::StrAppendFormat(&svg,
                          "<rect class=\"track\" x=\"%.0f\" y=\"%.0f\" "
                          "width=\"%.0f\" height=\"14\" rx=\"3\"/>"
                          "<rect class=\"s%d\" x=\"%.0f\" y=\"%.0f\" "
                          "width=\"%.1f\" height=\"14\" rx=\"3\"/>\n",
                          kLabel, y + 4, kLength, bar.series, kLabel, y + 4,
                          length);
    svg += SvgText(kLabel + kLength + 8, y + 15, "value", bar.text);
    svg += "</g>\n";
    y += kRow;
  }
  return svg + "</svg>\n";
}

std::string LineChart(absl::Span<const LineSeries> lines,
                      absl::string_view x_label, absl::string_view y_label) {
  constexpr double kLegend = 150;
  std::string svg =
      OpenSvg(kLeft + kPlot + kLegend, kTop + kPlot + kBelow, "lines",
              absl::StrCat(y_label, " against ", x_label));
  svg += Axes(x_label, y_label);
  for (size_t i = 0; i < lines.size(); ++i) {
    absl::StrAppendFormat(
        &svg, "<polyline class=\"l%d\" points=\"%s\">%s</polyline>\n", i,
        Points(lines[i].points), Title(lines[i].label));
    const double x = PlotX(1) + 16, y = kTop + 10 + 22 * static_cast<double>(i);
    absl::StrAppendFormat(&svg, "<path class=\"l%d\" d=\"M%.1f %.1fh18\"/>\n",
                          i, x, y - 4);
    svg += SvgText(x + 24, y, "tick", lines[i].label);
  }
  return svg + "</svg>\n";
}

std::string Sparkline(const Curve& curve) {
  constexpr double kWidth = 72, kHeight = 24;
  std::string points;
  for (const auto& [x, y] : curve) {
    absl::StrAppendFormat(&points, "%.1f,%.1f ", 1 + (kWidth - 2) * x,
                          1 + (kHeight - 2) * (1 - y));
  }
  return absl::StrFormat(
      "<svg class=\"spark\" width=\"%.0f\" height=\"%.0f\" "
      "aria-hidden=\"true\"><path class=\"grid\" d=\"M1 1V%.0fH%.0f\"/>"
      "<polyline class=\"l0\" points=\"%s\"/></svg>",
      kWidth, kHeight, kHeight - 1, kWidth - 1, points);
}

std::string ReliabilityChart(absl::Span<const double> heights,
                             absl::Span<const std::string> titles) {
  std::string svg = OpenSvg(kLeft + kPlot + 12, kTop + kPlot + kBelow, "lines",
                            "precision against score");
  svg += Axes("score", "precision");
  const double width = kPlot / static_cast<double>(heights.size());
  for (size_t i = 0; i < heights.size(); ++i) {
    if (heights[i] < 0) continue;
    absl::StrAppendFormat(&svg,
                          "<rect class=\"s0\" x=\"%.1f\" y=\"%.1f\" "
                          "width=\"%.1f\" height=\"%.1f\">%s</rect>\n",
                          kLeft + width * static_cast<double>(i) + 1,
                          PlotY(heights[i]), width - 2, kPlot * heights[i],
                          Title(titles[i]));
  }
  absl::StrAppendFormat(&svg,
                        "<path class=\"ideal\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n",
                        PlotX(0), PlotY(0), PlotX(1), PlotY(1));
  return svg + "</svg>\n";
}

std::string ConfusionChart(const ConfusionMatrix& matrix,
                           absl::Span<const std::string> names) {
  constexpr double kLabels = 110;
  const int n = matrix.num_classes + 1;
  const double cell = std::clamp(720.0 / n, 10.0, 40.0);
  const double side = kLabels + cell * n;
  const auto name = [&](int i, absl::string_view last) {
    return i + 1 < n ? absl::string_view(names[static_cast<size_t>(i)]) : last;
  };
  std::string svg = OpenSvg(side + 8, side + 8, "matrix", "confusion matrix");
  absl::StrAppendFormat(&svg,
                        "<rect class=\"track\" x=\"%.0f\" y=\"%.0f\" "
                        "width=\"%.1f\" height=\"%.1f\"/>\n",
                        kLabels, kLabels, cell * n, cell * n);
  for (int truth = 0; truth < n; ++truth) {
    int64_t sum = 0;
    for (int i = 0; i < n; ++i) sum += matrix.At(truth, i);
    const double y = kLabels + cell * truth;
    svg += SvgText(kLabels - 5, y + cell / 2 + 3, "cell end",
                   name(truth, "background"));
    absl::StrAppendFormat(&svg,
                          "<text class=\"cell\" transform=\"translate(%.1f "
                          "%.0f) rotate(-90)\">%s</text>\n",
                          y + cell / 2 + 3, kLabels - 5,
                          EscapeHtml(name(truth, "missed")));
    for (int detected = 0; detected < n; ++detected) {
      const int64_t count = matrix.At(truth, detected);
      if (count == 0) continue;
      const double share =
          static_cast<double>(count) / static_cast<double>(sum);
      // The root, so that what is rare shows.
      absl::StrAppendFormat(
          &svg,
          "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
          "height=\"%.1f\" fill-opacity=\"%.2f\">%s</rect>\n",
          truth == detected ? "s0" : "s1", kLabels + cell * detected + .5,
          y + .5, cell - 1, cell - 1, std::max(.06, std::sqrt(share)),
          Title(absl::StrFormat("%s as %s: %d (%.1f %%)",
                                name(truth, "background"),
                                name(detected, "missed"), count, 100 * share)));
    }
  }
  return svg + "</svg>\n";
}

}  // namespace fcis
