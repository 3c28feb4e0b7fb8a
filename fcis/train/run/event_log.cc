#include "fcis/train/run/event_log.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"

namespace fcis::train {
namespace {

using Values = absl::Span<const std::pair<std::string, double>>;

constexpr char kJsonl[] = "/log.jsonl";
constexpr absl::string_view kJsonlStart = "{\"iteration\":";
constexpr char kIteration[] = "iteration";

// The shortest text that reads back as the same double; with a point or an
// exponent, so that every reader takes it for one (-0.0 is no integer).
std::string NumberText(double value) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
  std::string number(text, end);
  if (number.find_first_not_of("-0123456789") == number.npos) number += ".0";
  return number;
}

// The number that `text` begins with; -1 for none.
int64_t LeadingNumber(absl::string_view text) {
  size_t digits = 0;
  while (digits < text.size() && absl::ascii_isdigit(text[digits])) ++digits;
  int64_t number;
  return absl::SimpleAtoi(text.substr(0, digits), &number) ? number : -1;
}

int64_t JsonlIteration(absl::string_view line) {
  return absl::ConsumePrefix(&line, kJsonlStart) ? LeadingNumber(line) : -1;
}

// How much of a log there is to keep.
struct Kept {
  int64_t bytes = 0;
  int64_t iteration = 0;  // of its last line
  std::string last;       // that line, as it was written; "": there is none
};

// Up to the first line that is not whole, has no iteration, or one after
// `done`. The file need not exist.
absl::StatusOr<Kept> KeptLines(
    const std::string& path, int64_t done, int64_t header_lines,
    absl::FunctionRef<int64_t(absl::string_view)> iteration_of) {
  const auto file = MappedFile::Open(path);
  if (absl::IsNotFound(file.status())) return Kept();
  RETURN_IF_ERROR(file.status());
  const absl::string_view bytes = (*file)->bytes();
  Kept kept;
  for (int64_t line = 0;; ++line) {
    const size_t end = bytes.find('\n', kept.bytes);
    if (end == bytes.npos) return kept;
    if (line >= header_lines) {
      const int64_t iteration =
          iteration_of(bytes.substr(kept.bytes, end - kept.bytes));
      if (iteration < 0 || iteration > done) return kept;
      kept.iteration = iteration;
      kept.last = std::string(bytes.substr(kept.bytes, end + 1 - kept.bytes));
    }
    kept.bytes = static_cast<int64_t>(end) + 1;
  }
}

std::string JsonLine(int64_t iteration, Values values) {
  std::string line = absl::StrCat(kJsonlStart, iteration);
  for (const auto& [name, value] : values) {
    absl::StrAppend(&line, ",\"", name,
                    "\":", std::isfinite(value) ? NumberText(value) : "null");
  }
  return absl::StrCat(line, "}\n");
}

std::string CsvHeader(const std::vector<std::string>& columns) {
  std::string line = kIteration;
  for (const std::string& column : columns) absl::StrAppend(&line, ",", column);
  return absl::StrCat(line, "\n");
}

std::string CsvLine(int64_t iteration, Values values,
                    const std::vector<std::string>& columns) {
  std::map<absl::string_view, double> by_name;
  for (const auto& [name, value] : values) by_name[name] = value;
  std::string line = absl::StrCat(iteration);
  for (const std::string& column : columns) {
    const auto found = by_name.find(column);
    absl::StrAppend(&line, ",",
                    found == by_name.end() ? "" : NumberText(found->second));
  }
  return absl::StrCat(line, "\n");
}

// Unless it is the same as `last`, which becomes the line.
absl::Status AppendNew(std::string line, AppendFile* file, std::string* last) {
  if (line == *last) return absl::OkStatus();
  RETURN_IF_ERROR(file->Append(line));
  *last = std::move(line);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int64_t> LastLoggedIteration(const std::string& directory) {
  constexpr int64_t kAll = std::numeric_limits<int64_t>::max();
  ASSIGN_OR_RETURN(const Kept kept,
                   KeptLines(directory + kJsonl, kAll, 0, JsonlIteration));
  return kept.iteration;
}

absl::StatusOr<std::unique_ptr<EventLog>> EventLog::Open(
    const std::string& directory, int64_t done) {
  std::unique_ptr<EventLog> log(new EventLog);
  const std::string jsonl_path = directory + kJsonl;
  ASSIGN_OR_RETURN(const Kept kept,
                   KeptLines(jsonl_path, done, 0, JsonlIteration));
  log->last_iteration_ = kept.iteration;
  log->jsonl_last_ = kept.last;
  ASSIGN_OR_RETURN(log->jsonl_, AppendFile::Open(jsonl_path, kept.bytes));
  log->csv_path_ = directory + "/log.csv";
  RETURN_IF_ERROR(log->OpenCsv(done));
  ASSIGN_OR_RETURN(log->tensorboard_, TensorBoardFile::Create(directory, done));
  return log;
}

absl::Status EventLog::OpenCsv(int64_t done) {
  ASSIGN_OR_RETURN(const Kept kept,
                   KeptLines(csv_path_, done, 1, LeadingNumber));
  if (kept.bytes > 0) {
    ASSIGN_OR_RETURN(const auto file, MappedFile::Open(csv_path_));
    const absl::string_view bytes = file->bytes();
    csv_columns_ = absl::StrSplit(bytes.substr(0, bytes.find('\n')), ',');
    csv_columns_.erase(csv_columns_.begin());
    csv_last_ = kept.last;
  }
  ASSIGN_OR_RETURN(csv_, AppendFile::Open(csv_path_, kept.bytes));
  if (kept.bytes > 0) return absl::OkStatus();
  return csv_->Append(CsvHeader(csv_columns_));
}

// Rare: once at the start, and when the first validation is done.
absl::Status EventLog::AddCsvColumns(std::vector<std::string> names) {
  ASSIGN_OR_RETURN(const std::string old, ReadFile(csv_path_));
  const std::string empty_cells(names.size(), ',');
  for (std::string& name : names) csv_columns_.push_back(std::move(name));
  std::string table = CsvHeader(csv_columns_);
  const absl::string_view rows =
      absl::string_view(old).substr(old.find('\n') + 1);
  for (absl::string_view row : absl::StrSplit(rows, '\n', absl::SkipEmpty())) {
    absl::StrAppend(&table, row, empty_cells, "\n");
  }
  RETURN_IF_ERROR(WriteFileAtomic(csv_path_, table));
  ASSIGN_OR_RETURN(csv_, AppendFile::Open(csv_path_, table.size()));
  return absl::OkStatus();
}

absl::Status EventLog::Write(int64_t iteration, Values values) {
  ABSL_RAW_CHECK(iteration >= last_iteration_, "logged after a later one");
  std::vector<std::string> added;
  for (const auto& [name, value] : values) {
    if (std::find(csv_columns_.begin(), csv_columns_.end(), name) ==
        csv_columns_.end()) {
      added.push_back(name);
    }
  }
  if (!added.empty()) RETURN_IF_ERROR(AddCsvColumns(std::move(added)));
  RETURN_IF_ERROR(
      AppendNew(JsonLine(iteration, values), jsonl_.get(), &jsonl_last_));
  last_iteration_ = iteration;
  RETURN_IF_ERROR(AppendNew(CsvLine(iteration, values, csv_columns_),
                            csv_.get(), &csv_last_));
  return tensorboard_->Write(iteration, values);
}

absl::Status EventLog::Sync() {
  RETURN_IF_ERROR(jsonl_->Sync());
  return csv_->Sync();
}

}  // namespace fcis::train
