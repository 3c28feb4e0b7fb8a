// What is wrong with single records of a data set, and what is done about it.
#ifndef FCIS_DATA_COCO_RECORD_PROBLEMS_H_
#define FCIS_DATA_COCO_RECORD_PROBLEMS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fcis::data {

// What becomes of bad records: those that lack a member that the task needs, or
// hold something else there.
struct BadAnnotationPolicy {
  // They are left out; else they are an error.
  bool skip = false;
  // So many lines of each kind are shown, and the number of the others.
  int max_messages = 20;
};

// Lines that name one record each:
//   <file>: annotation id 17 (annotations[3]): "bbox": expected [x, y, width,
//   height], found null
struct RecordLines {
  // The first so many are kept, all are counted.
  static constexpr size_t kKept = 10000;

  int64_t count = 0;
  int64_t records = 0;  // that they are about
  std::vector<std::string> lines;

  // `same_record`: a line about the record was added before.
  void Add(std::string line, bool same_record = false);
  void Append(const RecordLines& other);
  // The first `most`, each after `indent`, and "... and <n> more"; without a
  // line break at the end.
  std::string ToText(int most, const std::string& indent = "") const;
};

// A JSON value as lines show it: its text, cut short, or "nothing".
std::string ShownValue(absl::string_view text);

struct RecordProblems {
  // Records that are not in the data set.
  RecordLines errors;
  // What leaving out does not mend; an error under any policy.
  RecordLines conflicts;
  // Members that the task does not need, with something else in them.
  RecordLines remarks;

  void Append(const RecordProblems& other);

  // InvalidArgument: conflicts, or errors that are not skipped. The message has
  // the lines.
  absl::Status Check(const BadAnnotationPolicy& policy) const;

  // What a user is told when the work goes on: what was left out, and the
  // remarks; a paragraph each, without a line break at the end.
  std::vector<std::string> Notes(const BadAnnotationPolicy& policy) const;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_COCO_RECORD_PROBLEMS_H_
