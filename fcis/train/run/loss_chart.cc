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
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/draw/chart.h"
#include "fcis/core/io/file.h"

namespace fcis::train {
namespace {

constexpr int kParts = 200;

struct Series {
  std::string name;
  size_t column = 0;
  bool validation = false;  // in [0, 1], on the axis at the right
  ChartCurve raw;
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
ChartCurve Means(const ChartCurve& raw, double last) {
  ChartCurve sums(kParts);
  std::vector<int> counts(kParts);
  for (const auto& [x, y] : raw) {
    const int part =
        std::clamp(static_cast<int>(kParts * (x - 1) / last), 0, kParts - 1);
    sums[part].first += x;
    sums[part].second += y;
    ++counts[part];
  }
  ChartCurve means;
  for (int i = 0; i < kParts; ++i) {
    if (counts[i] == 0) continue;
    means.emplace_back(sums[i].first / counts[i], sums[i].second / counts[i]);
  }
  return means;
}

ChartAxis Iterations(const std::vector<Series>& series) {
  ChartAxis axis;
  axis.title = "iteration";
  for (const Series& s : series) {
    if (!s.raw.empty()) axis.high = std::max(axis.high, s.raw.back().first);
  }
  return axis;
}

ChartAxis Losses(const std::vector<Series>& series, double last) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& s : series) {
    if (s.validation) continue;
    for (const auto& point : Means(s.raw, last)) {
      low = std::min(low, point.second);
      high = std::max(high, point.second);
    }
  }
  ChartAxis axis;
  axis.logarithmic = true;
  axis.low = high == 0 ? 0.1 : low / 1.1;
  axis.high = high == 0 ? 1 : high * 1.1;
  return axis;
}

}  // namespace

absl::StatusOr<std::string> LossChart(absl::string_view csv) {
  ASSIGN_OR_RETURN(const std::vector<Series> series, ReadSeries(csv));
  const ChartAxis x = Iterations(series);
  absl::optional<ChartAxis> right;
  if (absl::c_any_of(series, [](const Series& s) { return s.validation; })) {
    right.emplace().decimals = 1;
  }
  Chart chart(x, Losses(series, x.high), right);
  for (const Series& s : series) {
    const ChartCurve means = Means(s.raw, x.high);
    if (s.validation) {
      chart.AddRightLine(s.name, means);
    } else {
      chart.AddLine(s.name, means);
    }
  }
  return chart.Svg();
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
