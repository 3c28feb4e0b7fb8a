#include "fcis/train/run/log_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "absl/algorithm/container.h"

namespace fcis::train {
namespace {

constexpr char kIteration[] = "iteration";
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Numbers that say where the run is by then.
bool GrowsWithTime(absl::string_view name) {
  return name == kIteration || name == "epoch" || name == "elapsed_s" ||
         name == "peak_memory_mb";
}

}  // namespace

size_t LogTable::ColumnOf(absl::string_view name) {
  const auto found = absl::c_find(columns_, name);
  if (found == columns_.end()) {
    columns_.emplace_back(name);
    is_last_.push_back(GrowsWithTime(name));
    return columns_.size() - 1;
  }
  return static_cast<size_t>(found - columns_.begin());
}

bool LogTable::Add(absl::string_view line) {
  const std::optional<LogLine> numbers = ReadLogLine(line);
  if (!numbers.has_value()) return false;
  const auto is_ap = [](const auto& n) { return n.first == "validation_ap"; };
  if (absl::c_any_of(*numbers, is_ap)) {
    AddValidation(*numbers);
  } else {
    AddIteration(*numbers);
  }
  return true;
}

void LogTable::AddValidation(const LogLine& numbers) {
  const std::map<std::string, double> by_name(numbers.begin(), numbers.end());
  const auto ap50 = by_name.find("validation_ap50");
  validations_.push_back({static_cast<int64_t>(by_name.at(kIteration)), epoch_,
                          elapsed_s_, by_name.at("validation_ap"),
                          ap50 == by_name.end() ? kNone : ap50->second});
}

void LogTable::AddIteration(const LogLine& numbers) {
  Row row;
  for (auto [name, value] : numbers) {
    if (name == "elapsed_s") {
      if (elapsed_before_ + value < elapsed_s_) elapsed_before_ = elapsed_s_;
      elapsed_s_ = value += elapsed_before_;
    }
    if (name == "epoch") epoch_ = value;
    const size_t column = ColumnOf(name);
    row.resize(columns_.size());
    row[column] = {value, 1};
  }
  if (lines_++ % stride_ == 0) {
    rows_.push_back(std::move(row));
  } else {
    Merge(row, &rows_.back());
  }
  if (whole_rows() == 2 * few_rows_) HalveRows();
}

void LogTable::Merge(const Row& from, Row* into) const {
  into->resize(std::max(into->size(), from.size()));
  for (size_t i = 0; i < from.size(); ++i) {
    Cell& cell = (*into)[i];
    if (from[i].count == 0) continue;
    if (is_last_[i] || cell.count == 0) {
      cell = from[i];
      continue;
    }
    const int64_t count = cell.count + from[i].count;
    cell.value += (from[i].value - cell.value) *
                  static_cast<double>(from[i].count) /
                  static_cast<double>(count);
    cell.count = count;
  }
}

void LogTable::HalveRows() {
  for (size_t i = 0; 2 * i + 1 < rows_.size(); ++i) {
    Row merged = std::move(rows_[2 * i]);
    Merge(rows_[2 * i + 1], &merged);
    rows_[i] = std::move(merged);
  }
  rows_.resize(rows_.size() / 2);
  stride_ *= 2;
}

double LogTable::At(size_t row, size_t column) const {
  const Row& cells = rows_[row];
  return column < cells.size() && cells[column].count > 0 ? cells[column].value
                                                          : kNone;
}

}  // namespace fcis::train
