// Whole files: read, mapped, and written so that a reader meets the old file
// or the new one, never half of one.
#ifndef FCIS_CORE_IO_FILE_H_
#define FCIS_CORE_IO_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis {

// "<what> <path>: <reason of errno>", NOT_FOUND for a missing file.
absl::Status ErrnoStatus(absl::string_view what, absl::string_view path,
                         int error);

// The file's bytes. Errors name the path: missing, a directory, unreadable.
absl::StatusOr<std::string> ReadFile(const std::string& path);

// Whether there is anything under the name; false where that cannot be told.
bool FileExists(const std::string& path);

// The directory and those above it, where they are not there yet. Errors name
// the path: "cannot make <path>: <reason>".
absl::Status MakeDirectories(const std::string& path);
// The directories that the file is to be in.
absl::Status MakeDirectoriesOf(const std::string& file);

// All bytes to an open file. False: errno says why, and some of them may be
// there.
bool WriteAll(int fd, absl::string_view bytes);

// Writes to a temporary name beside `path`, syncs, renames. On an error (full
// disk, unwritable directory) nothing is left behind and an older file at
// `path` stays as it was; only where the disk breaks in the very last step,
// when the directory is synced, the new file stands there. What a killed
// process leaves, <path>.fcis.tmp, the next one that writes `path` takes.
absl::Status WriteFileAtomic(const std::string& path, absl::string_view bytes);

// The same in pieces. Destroyed before Commit: the temporary file is removed.
class AtomicFile {
 public:
  static absl::StatusOr<std::unique_ptr<AtomicFile>> Create(
      const std::string& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  absl::Status Append(absl::string_view bytes);
  // Syncs and renames; nothing may be appended afterwards.
  absl::Status Commit();

 private:
  AtomicFile(const std::string& path, const std::string& temporary, int fd);

  std::string path_, temporary_;
  int fd_;
};

// A file mapped for reading; tensors may be views of it. What cannot be mapped
// (a pipe, a file of /proc) is read.
class MappedFile {
 public:
  static absl::StatusOr<std::shared_ptr<const MappedFile>> Open(
      const std::string& path);
  // Bytes that come from elsewhere.
  static std::shared_ptr<const MappedFile> OfBytes(std::string bytes) {
    return std::shared_ptr<const MappedFile>(new MappedFile(std::move(bytes)));
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  // Empty for an empty file.
  absl::string_view bytes() const { return bytes_; }

  // Gives the memory of `part`, a part of bytes(), back to the system where it
  // can: it comes from the file again when it is looked at.
  void Drop(absl::string_view part) const;

 private:
  explicit MappedFile(absl::string_view mapped)
      : mapped_(mapped), bytes_(mapped) {}
  explicit MappedFile(std::string read)
      : read_(std::move(read)), bytes_(read_) {}

  absl::string_view mapped_;
  std::string read_;
  absl::string_view bytes_;
};

}  // namespace fcis

#endif  // FCIS_CORE_IO_FILE_H_
