// The detections of a data set, picture by picture, on disk as soon as they are
// there: what was computed survives the end of the process, however it comes.
#ifndef FCIS_EVAL_PREDICT_JOURNAL_H_
#define FCIS_EVAL_PREDICT_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/append_file.h"
#include "fcis/core/io/file.h"
#include "fcis/data/coco/record_id.h"
#include "fcis/eval/predict/origin.h"

namespace fcis::eval {

// A picture whose detections are kept.
struct JournalPicture {
  data::RecordId image;
  std::string file;               // its path
  std::string stamp;              // of the file (file_stamp.h); "": none
  std::string sha256;             // of the file's bytes, in hex
  int64_t height = 0, width = 0;  // as it was looked at
  // The text of a JSON list. Of a reader's pictures it points into its files.
  absl::string_view results;
};

// A directory holds journal.<writer>.jsonl, one per process that ever wrote
// there: first a line of OriginJson, then one line per picture, the members of
// JournalPicture. A line that is cut off does not count.
class JournalReader {
 public:
  // All journals in `directory`; none is fine. DataLoss: a line is damaged.
  static absl::StatusOr<JournalReader> Open(const std::string& directory);

  struct Journal {
    std::string path;
    bool readable = false;  // ReadOrigin; if not, its pictures do not count
    std::string header;     // the first line
    Origin origin;
  };
  // In the order of their paths, without those whose first line is cut off.
  const std::vector<Journal>& journals() const { return journals_; }
  // Of several lines of a picture the last.
  const std::vector<JournalPicture>& pictures() const { return pictures_; }
  // Null: not there.
  const JournalPicture* Find(const data::RecordId& image) const;

 private:
  absl::Status Read(const std::string& path);

  std::vector<std::shared_ptr<const MappedFile>> files_;
  std::vector<Journal> journals_;
  std::vector<JournalPicture> pictures_;
  data::RecordIndex index_;
};

// Replaces all journals by one of writer 0, of these pictures. Until it is
// there the old ones are.
absl::Status RewriteJournals(const std::string& directory,
                             absl::string_view header,
                             const std::vector<JournalPicture>& pictures);

// Goes on with journal.<writer>.jsonl behind its last complete line, or begins
// it with the line `header`. What is appended are PictureLines.
absl::StatusOr<std::unique_ptr<AppendFile>> OpenJournal(
    const std::string& directory, int writer, absl::string_view header);

// The line of a picture, with its end.
std::string PictureLine(const JournalPicture& picture);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_PREDICT_JOURNAL_H_
