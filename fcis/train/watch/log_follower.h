// Reads a run's log.jsonl while it grows.
#ifndef FCIS_TRAIN_WATCH_LOG_FOLLOWER_H_
#define FCIS_TRAIN_WATCH_LOG_FOLLOWER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fcis/train/watch/log_table.h"

namespace fcis::train {

class LogFollower {
 public:
  explicit LogFollower(std::string path) : path_(std::move(path)) {}

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
  LogTable table_;
  int64_t offset_ = 0;     // behind the last line that was read
  std::string last_line_;  // which stands before it
  int64_t beginnings_ = 0, bad_lines_ = 0;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_WATCH_LOG_FOLLOWER_H_
