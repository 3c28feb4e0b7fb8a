#include "fcis/train/run/loss_chart.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "absl/strings/match.h"
#include "absl/types/optional.h"
#include "fcis/core/draw/chart.h"

namespace fcis::train {
namespace {

struct Line {
  std::string name;
  ChartCurve points;
};

std::vector<Line> Losses(const LogTable& table) {
  std::vector<Line> lines;
  for (size_t column = 0; column < table.columns().size(); ++column) {
    if (!absl::EndsWith(table.columns()[column], "loss")) continue;
    Line& line = lines.emplace_back();
    line.name = table.columns()[column];
    for (size_t row = 0; row < table.num_rows(); ++row) {
      const double loss = table.At(row, column);
      if (!std::isfinite(loss) || loss <= 0) continue;
      line.points.emplace_back(table.At(row, 0), loss);
    }
  }
  return lines;
}

// AP and AP50; none without a validation.
std::vector<Line> Validations(const LogTable& table) {
  if (table.validations().empty()) return {};
  std::vector<Line> lines = {{"validation_ap", {}}, {"validation_ap50", {}}};
  for (const LogTable::Validation& validation : table.validations()) {
    const double found[] = {validation.ap, validation.ap50};
    for (size_t i = 0; i < lines.size(); ++i) {
      if (!std::isfinite(found[i])) continue;
      lines[i].points.emplace_back(validation.iteration, found[i]);
    }
  }
  return lines;
}

ChartAxis IterationAxis(const LogTable& table) {
  ChartAxis axis;
  axis.title = "iteration";
  if (table.num_rows() > 0) {
    axis.high = std::max(axis.high, table.At(table.num_rows() - 1, 0));
  }
  for (const LogTable::Validation& validation : table.validations()) {
    axis.high = std::max(axis.high, static_cast<double>(validation.iteration));
  }
  return axis;
}

ChartAxis LossAxis(const std::vector<Line>& losses) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Line& line : losses) {
    for (const auto& [iteration, loss] : line.points) {
      low = std::min(low, loss);
      high = std::max(high, loss);
    }
  }
  ChartAxis axis;
  axis.logarithmic = true;
  axis.low = high == 0 ? 0.1 : low / 1.1;
  axis.high = high == 0 ? 1 : high * 1.1;
  return axis;
}

}  // namespace

std::string LossChart(const LogTable& table) {
  const std::vector<Line> losses = Losses(table);
  const std::vector<Line> validations = Validations(table);
  absl::optional<ChartAxis> right;
  if (!validations.empty()) right.emplace().decimals = 1;
  Chart chart(IterationAxis(table), LossAxis(losses), right);
  for (const Line& line : losses) chart.AddLine(line.name, line.points);
  for (const Line& line : validations) {
    chart.AddRightLine(line.name, line.points);
  }
  return chart.Svg();
}

}  // namespace fcis::train
