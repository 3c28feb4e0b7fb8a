// The detections of a data set, picture by picture, on disk as soon as they are
// there: what was computed survives the end of the process, however it comes.
#ifndef FCIS_EVAL_PREDICT_JOURNAL_H_
#define FCIS_EVAL_PREDICT_JOURNAL_H_

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/record_id.h"

namespace fcis {

// A directory holds journal.<writer>.jsonl, one per process that ever wrote
// there: first a line {"key": "..."} that says what the detections are of, then
// one line per picture, {"image_id": ..., "results": [...]}. A line that is cut
// off does not count.
class JournalReader {
 public:
  // All journals in `directory`; none is fine. FailedPrecondition: one has
  // another key.
  static absl::StatusOr<JournalReader> Open(const std::string& directory,
                                            absl::string_view key);

  bool Has(const RecordId& image) const { return index_.Find(image) >= 0; }
  // The text of a picture's list; of several the last. Empty: not there.
  absl::string_view Results(const RecordId& image) const;

 private:
  absl::Status Read(const std::string& path, absl::string_view key);

  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<absl::string_view> results_;
  RecordIndex index_;
};

class JournalWriter {
 public:
  // Goes on with journal.<writer>.jsonl, or begins it.
  static absl::StatusOr<std::unique_ptr<JournalWriter>> Open(
      const std::string& directory, int writer, absl::string_view key);
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;
  ~JournalWriter();

  // `results`: the text of a JSON list. It is in the system's hands on return.
  absl::Status Write(const RecordId& image, absl::string_view results);

 private:
  JournalWriter(const std::string& path, std::FILE* file)
      : path_(path), file_(file) {}
  absl::Status WriteLine(const std::string& line);

  const std::string path_;
  std::FILE* const file_;
};

}  // namespace fcis

#endif  // FCIS_EVAL_PREDICT_JOURNAL_H_
