#include "fcis/eval/predict/journal.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/coco/record_reader.h"
#include "fcis/data/json/json_scanner.h"
#include "fcis/data/json/json_writer.h"

namespace fcis::eval {
namespace {

namespace fs = std::filesystem;

std::string JournalPath(const std::string& directory, int writer) {
  return absl::StrCat(directory, "/journal.", writer, ".jsonl");
}

// Takes the first line off `text`, without its end; false: none is complete.
bool TakeLine(absl::string_view& text, absl::string_view& line) {
  const size_t end = text.find('\n');
  if (end == text.npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

bool ReadPicture(absl::string_view line, JournalPicture& picture) {
  data::JsonScanner json(line);
  const bool read = json.ReadObject([&](absl::string_view name) {
    if (name == "image_id") return data::ReadRecordId(json, picture.image);
    if (name == "file") return data::ReadText(json, picture.file);
    if (name == "stamp") return data::ReadText(json, picture.stamp);
    if (name == "sha256") return data::ReadText(json, picture.sha256);
    if (name == "height") return json.ReadInteger(name, picture.height);
    if (name == "width") return json.ReadInteger(name, picture.width);
    return name == "results" ? json.Skip(picture.results) : json.Skip();
  });
  return read && json.ReadEnd() && !picture.results.empty() &&
         !picture.sha256.empty();
}

// Those in the directory, sorted.
std::set<std::string> JournalPaths(const std::string& directory) {
  std::set<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (absl::StartsWith(name, "journal.") && absl::EndsWith(name, ".jsonl")) {
      paths.insert(it->path().string());
    }
  }
  return paths;
}

}  // namespace

absl::StatusOr<JournalReader> JournalReader::Open(
    const std::string& directory) {
  JournalReader reader;
  for (const std::string& path : JournalPaths(directory)) {
    RETURN_IF_ERROR(reader.Read(path));
  }
  return reader;
}

absl::Status JournalReader::Read(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  absl::string_view text = file->bytes(), line;
  if (!TakeLine(text, line)) return absl::OkStatus();
  Journal journal;
  journal.path = path;
  journal.header = std::string(line);
  journal.readable = ReadOrigin(line, journal.origin);
  journals_.push_back(journal);
  if (!journal.readable) return absl::OkStatus();
  files_.push_back(file);
  while (TakeLine(text, line)) {
    JournalPicture picture;
    if (!ReadPicture(line, picture)) {
      return absl::DataLossError(absl::StrCat(
          path, ": byte ", line.data() - file->bytes().data(),
          ": expected {\"image_id\": ..., \"sha256\": ..., \"results\": "
          "[...]}; remove the file, and its pictures are computed again"));
    }
    const int found = index_.Find(picture.image);
    if (found >= 0) {
      pictures_[static_cast<size_t>(found)] = picture;
      continue;
    }
    index_.Set(picture.image, static_cast<int>(pictures_.size()));
    pictures_.push_back(picture);
  }
  return absl::OkStatus();
}

const JournalPicture* JournalReader::Find(const data::RecordId& image) const {
  const int found = index_.Find(image);
  return found < 0 ? nullptr : &pictures_[static_cast<size_t>(found)];
}

absl::Status RewriteJournals(const std::string& directory,
                             absl::string_view header,
                             const std::vector<JournalPicture>& pictures) {
  const std::string path = JournalPath(directory, 0);
  ASSIGN_OR_RETURN(const auto file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file->Append(absl::StrCat(header, "\n")));
  for (const JournalPicture& picture : pictures) {
    RETURN_IF_ERROR(file->Append(PictureLine(picture)));
  }
  RETURN_IF_ERROR(file->Commit());
  for (const std::string& other : JournalPaths(directory)) {
    if (other == path) continue;
    if (unlink(other.c_str()) != 0) {
      return ErrnoStatus("cannot remove", other, errno);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<AppendFile>> OpenJournal(
    const std::string& directory, int writer, absl::string_view header) {
  const std::string path = JournalPath(directory, writer);
  int64_t kept = 0;
  if (FileExists(path)) {
    ASSIGN_OR_RETURN(const auto before, MappedFile::Open(path));
    kept = static_cast<int64_t>(before->bytes().rfind('\n') + 1);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<AppendFile> journal,
                   AppendFile::Open(path, kept));
  if (kept == 0) RETURN_IF_ERROR(journal->Append(absl::StrCat(header, "\n")));
  return journal;
}

std::string PictureLine(const JournalPicture& picture) {
  return absl::StrCat("{\"image_id\": ", picture.image.ToJson(),
                      ", \"file\": ", data::ToJson(picture.file),
                      ", \"stamp\": ", data::ToJson(picture.stamp),
                      ", \"sha256\": ", data::ToJson(picture.sha256),
                      ", \"height\": ", picture.height,
                      ", \"width\": ", picture.width,
                      ", \"results\": ", picture.results, "}\n");
}

}  // namespace fcis::eval
