// Reads a run's log.jsonl while it grows.
#ifndef FCIS_TRAIN_RUN_LOG_FOLLOWER_H_
#define FCIS_TRAIN_RUN_LOG_FOLLOWER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/train/run/log_table.h"

namespace fcis::train {

class LogFollower {
 public:
  // `rows`: of the table.
  LogFollower(std::string path, size_t rows)
      : path_(std::move(path)), rows_(rows), table_(rows) {}

  // Reads the lines that were written since the last call; the last one counts
  // once it is whole. A log that was cut, as a resumed run does, is read from
  // its beginning. No file: no lines. Errors: it cannot be read.
  absl::Status Update();

  const LogTable& table() const { return table_; }
  // Grows when the table began anew.
  int64_t beginnings() const { return beginnings_; }
  // Whole lines that are none of a log; they are left out.
  int64_t bad_lines() const { return bad_lines_; }

 private:
  void BeginAnew();
  void Take(absl::string_view line);

  const std::string path_;
  const size_t rows_;
  LogTable table_;
  int64_t offset_ = 0;     // behind the last line that was read
  std::string last_line_;  // which stands before it
  int64_t beginnings_ = 0, bad_lines_ = 0;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_LOG_FOLLOWER_H_
