#include "fcis/train/run/loss_chart.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"

namespace fcis::train {
namespace {

constexpr int kParts = 200;
constexpr double kWidth = 720, kHeight = 400, kLeft = 56, kTop = 16;
constexpr double kRight = 40, kLegend = 150, kBelow = 44;
constexpr const char* kColors[] = {"#1b6ca8", "#c8553d", "#3a7d44", "#8e5ea2",
                                   "#b8860b", "#2a9d8f", "#6b705c", "#d1495b"};

using Curve = std::vector<std::pair<double, double>>;

struct Series {
  std::string name;
  size_t column = 0;
  bool validation = false;  // in [0, 1], on the axis at the right
  Curve raw;
};

absl::Status AddRow(absl::string_view row, size_t columns,
                    std::vector<Series>* series) {
  const std::vector<absl::string_view> cells = absl::StrSplit(row, ',');
  double iteration;
  bool good = cells.size() == columns && absl::SimpleAtod(cells[0], &iteration);
  for (Series& s : *series) {
    if (!good) break;
    if (cells[s.column].empty()) continue;
    double value;
    good = absl::SimpleAtod(cells[s.column], &value);
    if (good && (value > 0 || (s.validation && value == 0)) &&
        std::isfinite(value)) {
      s.raw.emplace_back(iteration, value);
    }
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "expected a row of ", columns, " numbers, found '", row, "'"));
}

absl::StatusOr<std::vector<Series>> ReadSeries(absl::string_view csv) {
  const std::vector<absl::string_view> lines =
      absl::StrSplit(csv, '\n', absl::SkipEmpty());
  if (lines.empty()) return absl::InvalidArgumentError("it has no header");
  const std::vector<absl::string_view> names = absl::StrSplit(lines[0], ',');
  std::vector<Series> series;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool validation = absl::StartsWith(names[i], "validation_");
    if (!validation && !absl::EndsWith(names[i], "loss")) continue;
    series.push_back({std::string(names[i]), i, validation, {}});
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    RETURN_IF_ERROR(AddRow(lines[i], names.size(), &series));
  }
  return series;
}

// The mean of each part of (0, last].
Curve Means(const Curve& raw, double last) {
  Curve sums(kParts);
  std::vector<int> counts(kParts);
  for (const auto& [x, y] : raw) {
    const int part =
        std::clamp(static_cast<int>(kParts * (x - 1) / last), 0, kParts - 1);
    sums[part].first += x;
    sums[part].second += y;
    ++counts[part];
  }
  Curve means;
  for (int i = 0; i < kParts; ++i) {
    if (counts[i] == 0) continue;
    means.emplace_back(sums[i].first / counts[i], sums[i].second / counts[i]);
  }
  return means;
}

struct Axes {
  double last = 1;             // iteration
  double low = 0.1, high = 1;  // loss
  double X(double iteration) const { return kLeft + kWidth * iteration / last; }
  double Y(double loss) const {
    return kTop + kHeight * std::log(high / loss) / std::log(high / low);
  }
  static double YOfValidation(double value) {
    return kTop + kHeight * (1 - value);
  }
};

Axes AxesOf(const std::vector<Series>& series) {
  Axes axes;
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& s : series) {
    if (s.raw.empty()) continue;
    axes.last = std::max(axes.last, s.raw.back().first);
  }
  for (const Series& s : series) {
    if (s.validation) continue;
    for (const auto& point : Means(s.raw, axes.last)) {
      low = std::min(low, point.second);
      high = std::max(high, point.second);
    }
  }
  if (high == 0) return axes;
  axes.low = low / 1.1;
  axes.high = high * 1.1;
  return axes;
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

std::string Grid(const Axes& axes) {
  std::string svg;
  for (int i = 0; i <= 5; ++i) {
    const double at = axes.last * i / 5;
    svg += Line(axes.X(at), kTop, axes.X(at), kTop + kHeight);
    svg += Text(axes.X(at), kTop + kHeight + 18, "middle",
                absl::StrFormat("%.0f", at));
  }
  const int first = static_cast<int>(std::floor(std::log10(axes.low)));
  for (int power = first; std::pow(10, power) <= axes.high; ++power) {
    for (const int digit : {1, 2, 5}) {
      const double at = digit * std::pow(10, power);
      if (at < axes.low || at > axes.high) continue;
      svg += Line(kLeft, axes.Y(at), kLeft + kWidth, axes.Y(at));
      svg += Text(kLeft - 8, axes.Y(at) + 4, "end", absl::StrFormat("%g", at));
    }
  }
  return svg +
         Text(kLeft + kWidth / 2, kTop + kHeight + 36, "middle", "iteration");
}

// The axis at the right.
std::string ValidationAxis() {
  std::string svg;
  for (int i = 0; i <= 5; ++i) {
    svg += Text(kLeft + kWidth + 8, Axes::YOfValidation(i / 5.0) + 4, "start",
                absl::StrFormat("%.1f", i / 5.0));
  }
  return svg;
}

std::string Draw(const Series& series, size_t index, const Axes& axes) {
  const char* color = kColors[index % std::size(kColors)];
  std::string points;
  for (const auto& [x, y] : Means(series.raw, axes.last)) {
    absl::StrAppendFormat(
        &points, "%.1f,%.1f ", axes.X(x),
        series.validation ? Axes::YOfValidation(y) : axes.Y(y));
  }
  const double x = kLeft + kWidth + kRight;
  const double y = kTop + 12 + 20 * static_cast<double>(index);
  return absl::StrFormat(
             "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" "
             "points=\"%s\"/>\n<path stroke=\"%s\" stroke-width=\"3\" "
             "d=\"M%.1f %.1fh16\"/>\n",
             color, series.validation ? "3" : "1.6", points, color, x, y - 4) +
         Text(x + 22, y, "start", series.name);
}

}  // namespace

absl::StatusOr<std::string> LossChart(absl::string_view csv) {
  ASSIGN_OR_RETURN(const std::vector<Series> series, ReadSeries(csv));
  const Axes axes = AxesOf(series);
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
      "font-family=\"sans-serif\" font-size=\"12\" fill=\"#333\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
      kLeft + kWidth + kRight + kLegend, kTop + kHeight + kBelow);
  svg += Grid(axes);
  if (absl::c_any_of(series, [](const Series& s) { return s.validation; })) {
    svg += ValidationAxis();
  }
  for (size_t i = 0; i < series.size(); ++i) svg += Draw(series[i], i, axes);
  return svg + "</svg>\n";
}

absl::Status WriteLossChart(const std::string& directory) {
  const std::string log = directory + "/log.csv";
  ASSIGN_OR_RETURN(const std::string csv, ReadFile(log));
  const absl::StatusOr<std::string> chart = LossChart(csv);
  if (!chart.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(log, ": ", chart.status().message()));
  }
  return WriteFileAtomic(directory + "/losses.svg", *chart);
}

}  // namespace fcis::train
