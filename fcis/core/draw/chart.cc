#include "fcis/core/draw/chart.h"

#include <cmath>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace fcis {
namespace {

constexpr double kWidth = 720, kHeight = 400, kLeft = 56, kTop = 16;
constexpr double kRight = 40, kLegend = 150, kBelow = 44;
constexpr int kParts = 5;  // of an axis that is not logarithmic
constexpr const char* kColors[] = {"#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2",
                                   "#b8860b", "#2a9d8f", "#6b705c", "#d1495b"};

// 0 at the upper end of an axis, 1 at the lower one.
double FromHigh(const ChartAxis& axis, double value) {
  return axis.logarithmic
             ? std::log(axis.high / value) / std::log(axis.high / axis.low)
             : (axis.high - value) / (axis.high - axis.low);
}

double X(const ChartAxis& axis, double value) {
  return axis.logarithmic
             ? kLeft + kWidth * (1 - FromHigh(axis, value))
             : kLeft + kWidth * (value - axis.low) / (axis.high - axis.low);
}

double Y(const ChartAxis& axis, double value) {
  return kTop + kHeight * FromHigh(axis, value);
}

std::vector<double> Ticks(const ChartAxis& axis) {
  std::vector<double> ticks;
  for (int i = 0; i <= kParts && !axis.logarithmic; ++i) {
    ticks.push_back(axis.low + (axis.high - axis.low) * i / kParts);
  }
  if (!axis.logarithmic) return ticks;
  const int first = static_cast<int>(std::floor(std::log10(axis.low)));
  for (int power = first; std::pow(10, power) <= axis.high; ++power) {
    for (const int digit : {1, 2, 5}) {
      const double at = digit * std::pow(10, power);
      if (at >= axis.low && at <= axis.high) ticks.push_back(at);
    }
  }
  return ticks;
}

std::string Number(const ChartAxis& axis, double value) {
  return axis.logarithmic ? absl::StrFormat("%g", value)
                          : absl::StrFormat("%.*f", axis.decimals, value);
}

std::string Text(double x, double y, const char* anchor,
                 absl::string_view text) {
  return absl::StrFormat(
      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y,
      anchor, text);
}

std::string Line(double x0, double y0, double x1, double y1) {
  return absl::StrFormat("<path stroke=\"#ddd\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n",
                         x0, y0, x1, y1);
}

std::string Grid(const ChartAxis& x, const ChartAxis& y) {
  std::string svg;
  for (const double at : Ticks(x)) {
    svg += Line(X(x, at), kTop, X(x, at), kTop + kHeight);
    svg += Text(X(x, at), kTop + kHeight + 18, "middle", Number(x, at));
  }
  for (const double at : Ticks(y)) {
    svg += Line(kLeft, Y(y, at), kLeft + kWidth, Y(y, at));
    svg += Text(kLeft - 8, Y(y, at) + 4, "end", Number(y, at));
  }
  if (!y.title.empty()) svg += Text(8, kTop - 4, "start", y.title);
  if (x.title.empty()) return svg;
  return svg + Text(kLeft + kWidth / 2, kTop + kHeight + 36, "middle", x.title);
}

}  // namespace

Chart::Chart(const ChartAxis& x, const ChartAxis& y,
             const absl::optional<ChartAxis>& right)
    : x_(x), y_(y), right_(right) {
  svg_ = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
      kLeft + kWidth + kRight + kLegend, kTop + kHeight + kBelow);
  svg_ += Grid(x, y);
  if (!right) return;
  for (const double at : Ticks(*right)) {
    svg_ += Text(kLeft + kWidth + 8, Y(*right, at) + 4, "start",
                 Number(*right, at));
  }
}

void Chart::AddLine(absl::string_view name, const ChartCurve& points) {
  AddPolyline(name, points, y_, "1.6");
}

void Chart::AddRightLine(absl::string_view name, const ChartCurve& points) {
  AddPolyline(name, points, *right_, "3");
}

void Chart::AddPoints(absl::string_view name,
                      const std::vector<ChartPoint>& points) {
  std::string legend;
  const std::string color = NextColor(name, &legend);
  for (const ChartPoint& p : points) {
    const double x = X(x_, p.x), y = Y(y_, p.y);
    absl::StrAppendFormat(
        &svg_,
        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"%s\" "
        "fill-opacity=\"0.7\"><title>%s</title></circle>\n"
        "<text x=\"%.1f\" y=\"%.1f\" font-size=\"8\">%s</text>\n",
        x, y, color, p.hint, x + 5, y - 3, p.mark);
  }
  svg_ += legend;
}

void Chart::AddPolyline(absl::string_view name, const ChartCurve& points,
                        const ChartAxis& y, absl::string_view width) {
  std::string legend;
  const std::string color = NextColor(name, &legend);
  absl::StrAppendFormat(&svg_,
                        "<polyline fill=\"none\" stroke=\"%s\" "
                        "stroke-width=\"%s\" points=\"",
                        color, width);
  for (const auto& [x, value] : points) {
    absl::StrAppendFormat(&svg_, "%.1f,%.1f ", X(x_, x), Y(y, value));
  }
  absl::StrAppend(&svg_, "\"/>\n", legend);
}

std::string Chart::NextColor(absl::string_view name, std::string* legend) {
  const std::string color = kColors[names_ % std::size(kColors)];
  const double x = kLeft + kWidth + kRight;
  const double y = kTop + 12 + 20 * static_cast<double>(names_++);
  *legend =
      absl::StrFormat(
          "<path stroke=\"%s\" stroke-width=\"3\" d=\"M%.1f %.1fh16\"/>\n",
          color, x, y - 4) +
      Text(x + 22, y, "start", name);
  return color;
}

}  // namespace fcis
