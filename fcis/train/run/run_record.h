// What a run was begun with, kept in its directory as run.textproto, and how
// another start of it differs.
#ifndef FCIS_TRAIN_RUN_RUN_RECORD_H_
#define FCIS_TRAIN_RUN_RUN_RECORD_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/train/run/run_record.pb.h"
#include "google/protobuf/message.h"

namespace fcis::train {

// Errors: NotFound for a run of an earlier version, which has none; a file that
// is damaged.
absl::StatusOr<RunRecord> ReadRunRecord(const std::string& directory);

// Replaces the record as a whole. Errors name the path.
absl::Status WriteRunRecord(const std::string& directory,
                            const RunRecord& record);

// How the classes and the pictures of `now` differ from those of `before`, a
// line for each difference (at most some ten, then their number); empty when
// they are the same in the same order. `before_name` and `now_name` stand in
// the lines: "then" and "now", "rank 0" and "rank 1".
std::vector<std::string> DataDifferences(const RunRecord& before,
                                         const RunRecord& now,
                                         absl::string_view before_name,
                                         absl::string_view now_name);

// "batch: 1 -> 2": a line for each field whose value differs between two
// messages of one type; a field at its default is as one that is not set.
std::vector<std::string> FieldDifferences(
    const google::protobuf::Message& before,
    const google::protobuf::Message& now);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_RUN_RUN_RECORD_H_
