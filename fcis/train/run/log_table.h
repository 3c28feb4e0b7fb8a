// A run's numbers as a page or a chart shows them: in a bounded number of rows,
// however long the run is.
#ifndef FCIS_TRAIN_RUN_LOG_TABLE_H_
#define FCIS_TRAIN_RUN_LOG_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fcis/train/run/log_line.h"

namespace fcis::train {

class LogTable {
 public:
  // What is known after an iteration.
  struct Validation {
    int64_t iteration = 0;
    double epoch = 0, elapsed_s = 0;  // as the log's last row has them
    double ap = 0, ap50 = 0;
  };

  // There are at most twice as many rows; rows > 0.
  explicit LogTable(size_t rows) : few_rows_(rows) {}

  // A line of log.jsonl. False, and nothing changes: it is none.
  bool Add(absl::string_view line);

  // Names of the numbers, "iteration" first. New ones may come at the end.
  const std::vector<std::string>& columns() const { return columns_; }
  // A row is so many iterations: 1, 2, 4, ...
  int64_t stride() const { return stride_; }
  // Rows that will not change, unless the stride does; one more may follow.
  size_t whole_rows() const { return static_cast<size_t>(lines_ / stride_); }
  size_t num_rows() const { return rows_.size(); }
  // The mean of a number over a row's iterations; of those that grow with time
  // the last one, elapsed_s with that of earlier starts of the program. NaN:
  // none is known.
  double At(size_t row, size_t column) const;
  const std::vector<Validation>& validations() const { return validations_; }

 private:
  struct Cell {
    double value = 0;
    int64_t count = 0;  // of values; 0: there is none
  };
  using Row = std::vector<Cell>;

  size_t ColumnOf(absl::string_view name);
  void AddIteration(const LogLine& numbers);
  void AddValidation(const LogLine& numbers);
  void Merge(const Row& from, Row* into) const;
  void HalveRows();

  size_t few_rows_;
  std::vector<std::string> columns_ = {"iteration"};
  std::vector<bool> is_last_ = {true};  // by column: not a mean
  std::vector<Row> rows_;
  int64_t stride_ = 1, lines_ = 0;
  double epoch_ = 0, elapsed_s_ = 0;  // of the last line
  double elapsed_before_ = 0;  // by starts of the program before the last one
  std::vector<Validation> validations_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_LOG_TABLE_H_
