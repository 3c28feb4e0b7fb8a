#include "fcis/data/video/y4m_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::data {

absl::StatusOr<std::unique_ptr<Y4mWriter>> Y4mWriter::Create(
    const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode)) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return ErrnoStatus("cannot write", path, errno);
    return ToDescriptor(fd, path);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> file, AtomicFile::Create(path));
  return std::unique_ptr<Y4mWriter>(new Y4mWriter(std::move(file), -1, path));
}

std::unique_ptr<Y4mWriter> Y4mWriter::ToDescriptor(int fd,
                                                   const std::string& name) {
  return std::unique_ptr<Y4mWriter>(new Y4mWriter(nullptr, fd, name));
}

Y4mWriter::~Y4mWriter() {
  if (fd_ >= 0) close(fd_);
}

absl::Status Y4mWriter::Write(const VideoFormat& format,
                              const VideoFrame& frame) {
  if (!begun_) RETURN_IF_ERROR(Append(absl::StrCat(format.header, "\n")));
  begun_ = true;
  RETURN_IF_ERROR(Append(absl::StrCat(frame.header, "\n")));
  return Append(frame.planes);
}

absl::Status Y4mWriter::Append(absl::string_view bytes) {
  if (file_ != nullptr) return file_->Append(bytes);
  if (WriteAll(fd_, bytes)) return absl::OkStatus();
  if (errno != EPIPE) return ErrnoStatus("cannot write", name_, errno);
  return absl::CancelledError(
      absl::StrCat(name_, ": nobody reads it any more"));
}

absl::Status Y4mWriter::Commit() {
  if (file_ != nullptr) return file_->Commit();
  const int fd = std::exchange(fd_, -1);
  if (close(fd) != 0) return ErrnoStatus("cannot write", name_, errno);
  return absl::OkStatus();
}

}  // namespace fcis::data
