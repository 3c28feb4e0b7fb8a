#include "fcis/train/run/train_console.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fcis/core/cli/user_text.h"

namespace fcis::train {
namespace {

// The columns around those that the caller names.
constexpr absl::string_view kIteration = "iteration";
constexpr absl::string_view kElapsed = "elapsed";
constexpr absl::string_view kRate = "images/s";
constexpr absl::string_view kWait = "data wait";
constexpr absl::string_view kLeft = "time left";

constexpr int kHeaderEvery = 30;  // rows

// Characters of a column: its name, "1.234e-05", "12 h 03 min".
constexpr size_t kNarrowest = 9;
constexpr size_t kNarrowestTime = 11;

// Appends one cell, flush right.
void AppendCell(absl::string_view name, absl::string_view text,
                std::string* row) {
  const bool is_time = name == kElapsed || name == kLeft;
  const int width = static_cast<int>(
      std::max(name.size(), is_time ? kNarrowestTime : kNarrowest));
  absl::StrAppendFormat(row, "%s%*s", row->empty() ? "" : "  ", width, text);
}

}  // namespace

TrainConsole::Options TrainConsole::ForTerminal(int64_t iterations,
                                                int64_t done) {
  Options options;
  options.iterations = iterations;
  options.done = done;
  options.bar = isatty(STDERR_FILENO) == 1;
  return options;
}

TrainConsole::TrainConsole(Options options)
    : options_(std::move(options)), start_(options_.now()), row_start_(start_) {
  if (!options_.bar) return;
  Progress::Options bar =
      Progress::OnStderr("iterations", options_.iterations - options_.done);
  bar.tty = true;
  bar.now = options_.now;
  progress_ = std::make_unique<Progress>(std::move(bar));
}

TrainConsole::Column* TrainConsole::Find(const std::string& name) {
  const auto found =
      std::find_if(columns_.begin(), columns_.end(),
                   [&](const Column& column) { return column.name == name; });
  if (found != columns_.end()) return &*found;
  columns_.push_back({name});
  rows_ = 0;  // A new header.
  return &columns_.back();
}

void TrainConsole::Iteration(
    int64_t iteration, absl::Span<const std::pair<std::string, double>> values,
    int64_t pictures, absl::Duration data_wait) {
  for (const auto& [name, value] : values) {
    Column& column = *Find(name);
    if (!std::isfinite(value)) continue;
    column.sum += value;
    column.last = value;
    ++column.count;
  }
  row_pictures_ += pictures;
  row_wait_ += data_wait;
  if (iteration % options_.every == 0 || iteration == options_.iterations) {
    PrintRow(iteration);
  }
  if (progress_ != nullptr) progress_->Update(iteration - options_.done);
}

void TrainConsole::Print(absl::string_view line) {
  if (progress_ != nullptr) {
    progress_->Print(options_.file, line);
    return;
  }
  PrintLine(options_.file, line);
  std::fflush(options_.file);
}

void TrainConsole::PrintHeader() {
  std::string header;
  for (const absl::string_view name : {kIteration, kElapsed}) {
    AppendCell(name, name, &header);
  }
  for (const Column& column : columns_) {
    AppendCell(column.name, column.name, &header);
  }
  for (const absl::string_view name : {kRate, kWait, kLeft}) {
    AppendCell(name, name, &header);
  }
  Print(header);
}

void TrainConsole::PrintRow(int64_t iteration) {
  if (rows_++ % kHeaderEvery == 0) PrintHeader();
  const absl::Time now = options_.now();
  std::string row;
  AppendCell(kIteration, absl::StrCat(iteration), &row);
  AppendCell(kElapsed, DurationText(now - start_), &row);
  for (Column& column : columns_) {
    const bool as_is = std::count(options_.not_averaged.begin(),
                                  options_.not_averaged.end(), column.name) > 0;
    const double shown = as_is ? column.last : column.sum / column.count;
    AppendCell(column.name,
               column.count == 0 ? "-" : absl::StrFormat("%.4g", shown), &row);
    column = {column.name};
  }
  const double seconds =
      std::max(absl::ToDoubleSeconds(now - row_start_), 1e-9);
  AppendCell(kRate, absl::StrFormat("%.2f", row_pictures_ / seconds), &row);
  AppendCell(kWait,
             absl::StrFormat("%.0f%%",
                             100 * absl::ToDoubleSeconds(row_wait_) / seconds),
             &row);
  // By the mean of this process: a single row may hold a checkpoint.
  const double left = static_cast<double>(options_.iterations - iteration) /
                      static_cast<double>(iteration - options_.done);
  AppendCell(kLeft, DurationText((now - start_) * left), &row);
  Print(row);
  row_start_ = now;
  row_pictures_ = 0;
  row_wait_ = absl::ZeroDuration();
}

}  // namespace fcis::train
