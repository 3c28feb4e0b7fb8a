// What a run measured, iteration by iteration, in three files of its directory:
//   log.jsonl   one object per line: {"iteration":1,"epoch":0.25,"loss":...}
//   log.csv     the same as a table
//   events.out.tfevents.*   for TensorBoard
// What is measured after an iteration, by a validation, has a line of its own
// with the same iteration. Knows numbers by name only.
#ifndef FCIS_TRAIN_RUN_EVENT_LOG_H_
#define FCIS_TRAIN_RUN_EVENT_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/io/append_file.h"
#include "fcis/train/run/tensorboard_file.h"

namespace fcis::train {

// The last iteration in a run's log.jsonl; 0 when it has none. Errors: the file
// cannot be read (a missing one has no iteration).
absl::StatusOr<int64_t> LastLoggedIteration(const std::string& directory);

class EventLog {
 public:
  // `done` iterations were made before (0: a new run): lines of later ones,
  // which a killed run may have left, and a torn last line are cut off. Errors
  // name the file.
  static absl::StatusOr<std::unique_ptr<EventLog>> Open(
      const std::string& directory, int64_t done);

  // A line, and a row, of an iteration that is none before the last one: what
  // is known of it later, as a validation is, has a line of its own. Left out
  // where the same line is the last one already: a resumed run validates again.
  // Numbers are written so that they read back bit for bit; what is not finite
  // is null in log.jsonl. Names differ, are none of them "iteration", and
  // consist of letters, digits and _ / . : @ - only. A name that is new makes a
  // new column of log.csv, empty in earlier rows. Readers see the line once
  // this returns. Errors: the file cannot be written (it keeps its whole
  // lines).
  absl::Status Write(int64_t iteration,
                     absl::Span<const std::pair<std::string, double>> values);

  // What was written is on the disk once this returns: before a checkpoint, so
  // that the log is never behind it.
  absl::Status Sync();

 private:
  EventLog() = default;

  absl::Status OpenCsv(int64_t done);
  absl::Status AddCsvColumns(std::vector<std::string> names);

  int64_t last_iteration_ = 0;
  std::string jsonl_last_, csv_last_;  // lines
  std::string csv_path_;
  std::vector<std::string> csv_columns_;  // behind "iteration"
  std::unique_ptr<AppendFile> jsonl_, csv_;
  std::unique_ptr<TensorBoardFile> tensorboard_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_EVENT_LOG_H_
