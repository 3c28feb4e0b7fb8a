// Two journals, a zero between them; an empty first line stands for one of this
// version. What is read of them is written anew, and must come back.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fcis/core/testing/scratch_path.h"
#include "fcis/eval/predict/journal.h"
#include "fcis/eval/predict/origin.h"

namespace fcis::eval {
namespace {

void Write(const std::string& path, absl::string_view bytes) {
  std::ofstream file(path, std::ios::binary);
  if (absl::StartsWith(bytes, "\n")) file << OriginJson(Origin());
  file << bytes;
}

bool Same(const JournalPicture& a, const JournalPicture& b) {
  return a.image == b.image && a.file == b.file && a.stamp == b.stamp &&
         a.sha256 == b.sha256 && a.height == b.height && a.width == b.width &&
         a.results == b.results;
}

void WriteAndRead(const std::string& directory, const JournalReader& read) {
  const std::string header = OriginJson(Origin());
  ABSL_RAW_CHECK(RewriteJournals(directory, header, read.pictures()).ok(),
                 "written");
  const auto again = JournalReader::Open(directory);
  ABSL_RAW_CHECK(again.ok(), std::string(again.status().message()).c_str());
  ABSL_RAW_CHECK(again->pictures().size() == read.pictures().size(), "number");
  for (const JournalPicture& picture : read.pictures()) {
    const JournalPicture* found = again->Find(picture.image);
    ABSL_RAW_CHECK(found != nullptr && Same(*found, picture), "picture");
  }
  // A line behind what was there, which may be cut off.
  const auto writer = OpenJournal(directory, 0, header);
  ABSL_RAW_CHECK(writer.ok(), "appended");
  JournalPicture last;
  last.sha256 = "0";
  last.results = "[]";
  ABSL_RAW_CHECK((*writer)->Append(PictureLine(last)).ok(), "appended");
  ABSL_RAW_CHECK(JournalReader::Open(directory)->Find(last.image) != nullptr,
                 "appended");
}

}  // namespace
}  // namespace fcis::eval

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fcis::eval;  // NOLINT
  static const std::string directory =
      fcis::NewScratchDirectory("fcis_journal");
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t border = std::min(bytes.find('\0'), bytes.size());
  Write(directory + "/journal.0.jsonl", bytes.substr(0, border));
  Write(directory + "/journal.1.jsonl",
        bytes.substr(std::min(border + 1, bytes.size())));
  const auto read = JournalReader::Open(directory);
  if (read.ok()) WriteAndRead(directory, *read);
  return 0;
}
