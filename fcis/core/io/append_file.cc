#include "fcis/core/io/append_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"

namespace fcis {

absl::StatusOr<std::unique_ptr<AppendFile>> AppendFile::Open(
    const std::string& path, int64_t keep_bytes) {
  const int fd =
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus("cannot write", path, errno);
  std::unique_ptr<AppendFile> file(new AppendFile(path, fd, keep_bytes));
  if (ftruncate(fd, keep_bytes) != 0) {
    return ErrnoStatus("cannot write", path, errno);
  }
  return file;
}

AppendFile::~AppendFile() { close(fd_); }

absl::Status AppendFile::Append(absl::string_view record) {
  if (WriteAll(fd_, record)) {
    size_ += record.size();
    return absl::OkStatus();
  }
  const absl::Status status = ErrnoStatus("cannot write", path_, errno);
  if (ftruncate(fd_, size_) == 0) return status;
  return absl::DataLossError(
      absl::StrCat(status.message(), "; its last record is torn"));
}

absl::Status AppendFile::Sync() {
  if (fdatasync(fd_) == 0) return absl::OkStatus();
  return ErrnoStatus("cannot write", path_, errno);
}

}  // namespace fcis
