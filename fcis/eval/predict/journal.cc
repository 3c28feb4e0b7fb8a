#include "fcis/eval/predict/journal.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/json/json_scanner.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis {
namespace {

namespace fs = std::filesystem;

std::string JournalPath(const std::string& directory, int writer) {
  return absl::StrCat(directory, "/journal.", writer, ".jsonl");
}

// A JSON string, or a number.
std::string JsonText(absl::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> json(buffer);
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return std::string(buffer.GetString(), buffer.GetSize());
}

std::string IdText(const RecordId& id) {
  return id.is_text() ? JsonText(id.text()) : id.ToPlain();
}

// Takes the first line off `text`, without its end; false: none is complete.
bool TakeLine(absl::string_view& text, absl::string_view& line) {
  const size_t end = text.find('\n');
  if (end == text.npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

bool ReadKey(absl::string_view line, std::string& key) {
  JsonScanner json(line);
  return json.ReadObject([&](absl::string_view name) {
    absl::string_view value;
    if (name != "key") return json.Skip();
    if (!json.ReadString(value)) return false;
    key = std::string(value);
    return true;
  });
}

bool ReadPicture(absl::string_view line, RecordId& image,
                 absl::string_view& results) {
  JsonScanner json(line);
  return json.ReadObject([&](absl::string_view name) {
    if (name == "image_id") return ReadRecordId(json, image);
    return name == "results" ? json.Skip(results) : json.Skip();
  });
}

absl::Status OtherKey(const std::string& path, absl::string_view key,
                      absl::string_view found) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, " holds detections of something else (", found,
                   "), not of ", key, "; give another --out, or remove it"));
}

// Cuts off what follows the last complete line.
absl::Status DropTail(const std::string& path) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  const size_t end = file->bytes().rfind('\n');
  const size_t size = end == absl::string_view::npos ? 0 : end + 1;
  if (size == file->bytes().size() ||
      truncate(path.c_str(), static_cast<off_t>(size)) == 0) {
    return absl::OkStatus();
  }
  return ErrnoStatus("cannot shorten", path, errno);
}

}  // namespace

absl::StatusOr<JournalReader> JournalReader::Open(const std::string& directory,
                                                  absl::string_view key) {
  JournalReader reader;
  std::set<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (absl::StartsWith(name, "journal.") && absl::EndsWith(name, ".jsonl")) {
      paths.insert(it->path().string());
    }
  }
  for (const std::string& path : paths) {
    RETURN_IF_ERROR(reader.Read(path, key));
  }
  return reader;
}

absl::Status JournalReader::Read(const std::string& path,
                                 absl::string_view key) {
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  files_.push_back(file);
  absl::string_view text = file->bytes(), line;
  if (!TakeLine(text, line)) return absl::OkStatus();
  std::string found;
  if (!ReadKey(line, found) || found != key) return OtherKey(path, key, found);
  while (TakeLine(text, line)) {
    RecordId image;
    absl::string_view results;
    if (!ReadPicture(line, image, results) || results.empty()) {
      return absl::DataLossError(
          absl::StrCat(path, ": byte ", line.data() - file->bytes().data(),
                       ": expected {\"image_id\": ..., \"results\": [...]}"));
    }
    index_.Set(image, static_cast<int>(results_.size()));
    results_.push_back(results);
  }
  return absl::OkStatus();
}

absl::string_view JournalReader::Results(const RecordId& image) const {
  const int found = index_.Find(image);
  return found < 0 ? "" : results_[static_cast<size_t>(found)];
}

absl::StatusOr<std::unique_ptr<JournalWriter>> JournalWriter::Open(
    const std::string& directory, int writer, absl::string_view key) {
  const std::string path = JournalPath(directory, writer);
  std::FILE* const file = std::fopen(path.c_str(), "a");
  if (file == nullptr) return ErrnoStatus("cannot open", path, errno);
  std::unique_ptr<JournalWriter> journal(new JournalWriter(path, file));
  RETURN_IF_ERROR(DropTail(path));
  std::error_code error;
  if (fs::file_size(path, error) == 0) {
    RETURN_IF_ERROR(
        journal->WriteLine(absl::StrCat("{\"key\": ", JsonText(key), "}\n")));
  }
  return journal;
}

JournalWriter::~JournalWriter() { std::fclose(file_); }

absl::Status JournalWriter::Write(const RecordId& image,
                                  absl::string_view results) {
  return WriteLine(absl::StrCat("{\"image_id\": ", IdText(image),
                                ", \"results\": ", results, "}\n"));
}

absl::Status JournalWriter::WriteLine(const std::string& line) {
  if (std::fwrite(line.data(), 1, line.size(), file_) == line.size() &&
      std::fflush(file_) == 0) {
    return absl::OkStatus();
  }
  return ErrnoStatus("cannot write", path_, errno);
}

}  // namespace fcis
