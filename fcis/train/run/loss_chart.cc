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
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/draw/chart.h"
#include "fcis/core/io/file.h"

namespace fcis::train {
namespace {

constexpr int kParts = 200;

// The means of the parts of (0, last].
struct Series {
  std::string name;
  size_t column = 0;
  bool validation = false;  // in [0, 1], on the axis at the right
  ChartCurve sums = ChartCurve(kParts);
  std::vector<int> counts = std::vector<int>(kParts);

  void Add(double x, double y, double last) {
    const int part =
        std::clamp(static_cast<int>(kParts * (x - 1) / last), 0, kParts - 1);
    sums[part].first += x;
    sums[part].second += y;
    ++counts[part];
  }
  ChartCurve Means() const {
    ChartCurve means;
    for (int i = 0; i < kParts; ++i) {
      if (counts[i] == 0) continue;
      means.emplace_back(sums[i].first / counts[i], sums[i].second / counts[i]);
    }
    return means;
  }
};

absl::Status AddRow(absl::string_view row, size_t columns, double last,
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
      s.Add(iteration, value, last);
    }
  }
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "expected a row of ", columns, " numbers, found '", row, "'"));
}

// Takes the first line off; "": there is none.
absl::string_view NextLine(absl::string_view* text) {
  while (absl::ConsumePrefix(text, "\n")) {
  }
  const absl::string_view line = text->substr(0, text->find('\n'));
  text->remove_prefix(line.size());
  return line;
}

// Of the last row; 1 without any.
double LastIteration(absl::string_view csv) {
  while (absl::ConsumeSuffix(&csv, "\n")) {
  }
  const absl::string_view row = csv.substr(csv.rfind('\n') + 1);
  double last;
  return absl::SimpleAtod(row.substr(0, row.find(',')), &last) && last > 1
             ? last
             : 1;
}

// Row by row: the log of a week is larger than what a training takes.
absl::StatusOr<std::vector<Series>> ReadSeries(absl::string_view csv,
                                               double last) {
  const absl::string_view header = NextLine(&csv);
  if (header.empty()) return absl::InvalidArgumentError("it has no header");
  const std::vector<absl::string_view> names = absl::StrSplit(header, ',');
  std::vector<Series> series;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool validation = absl::StartsWith(names[i], "validation_");
    if (!validation && !absl::EndsWith(names[i], "loss")) continue;
    Series& one = series.emplace_back();
    one.name = std::string(names[i]);
    one.column = i;
    one.validation = validation;
  }
  for (auto row = NextLine(&csv); !row.empty(); row = NextLine(&csv)) {
    RETURN_IF_ERROR(AddRow(row, names.size(), last, &series));
  }
  return series;
}

ChartAxis Losses(const std::vector<Series>& series) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Series& s : series) {
    if (s.validation) continue;
    for (const auto& point : s.Means()) {
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
  ChartAxis x;
  x.title = "iteration";
  x.high = LastIteration(csv);
  ASSIGN_OR_RETURN(const std::vector<Series> series, ReadSeries(csv, x.high));
  absl::optional<ChartAxis> right;
  if (absl::c_any_of(series, [](const Series& s) { return s.validation; })) {
    right.emplace().decimals = 1;
  }
  Chart chart(x, Losses(series), right);
  for (const Series& s : series) {
    if (s.validation) {
      chart.AddRightLine(s.name, s.Means());
    } else {
      chart.AddLine(s.name, s.Means());
    }
  }
  return chart.Svg();
}

absl::Status WriteLossChart(const std::string& directory) {
  const std::string log = directory + "/log.csv";
  ASSIGN_OR_RETURN(const auto csv, MappedFile::Open(log));
  const absl::StatusOr<std::string> chart = LossChart(csv->bytes());
  if (!chart.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(log, ": ", chart.status().message()));
  }
  return WriteFileAtomic(directory + "/losses.svg", *chart);
}

}  // namespace fcis::train
