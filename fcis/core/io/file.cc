#include "fcis/core/io/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis {
namespace {

// Opens a regular file for reading and tells its size.
absl::StatusOr<int> OpenForReading(const std::string& path, int64_t* size) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoStatus("cannot open", path, errno);
  struct stat info;
  if (fstat(fd, &info) != 0) {
    const int error = errno;
    close(fd);
    return ErrnoStatus("cannot read", path, error);
  }
  if (S_ISDIR(info.st_mode)) {
    close(fd);
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is a directory, expected a file"));
  }
  *size = info.st_size;
  return fd;
}

std::string TemporaryName(const std::string& path) {
  static std::atomic<int> counter{0};
  return absl::StrCat(path, ".", getpid(), ".", counter++, ".tmp");
}

// The rename is only durable once the directory is.
void SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

// From where `fd` stands to the end; `size` is no more than a hint.
absl::StatusOr<std::string> ReadOpenFile(int fd, const std::string& path,
                                         int64_t size) {
  std::string bytes;
  bytes.reserve(size);
  // Until the end, not until `size`: pipes and /proc report none.
  constexpr size_t kChunk = size_t{1} << 20;
  while (true) {
    const size_t have = bytes.size();
    bytes.resize(have + kChunk);
    const ssize_t got = read(fd, &bytes[have], kChunk);
    bytes.resize(have + std::max<ssize_t>(got, 0));
    if (got == 0) return bytes;
    if (got < 0 && errno != EINTR) {
      return ErrnoStatus("cannot read", path, errno);
    }
  }
}

}  // namespace

absl::Status ErrnoStatus(absl::string_view what, absl::string_view path,
                         int error) {
  const std::string text =
      absl::StrCat(what, " ", path, ": ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(text)
                         : absl::UnavailableError(text);
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  int64_t size = 0;
  ASSIGN_OR_RETURN(const int fd, OpenForReading(path, &size));
  const absl::Cleanup closer = [fd] { close(fd); };
  return ReadOpenFile(fd, path, size);
}

absl::Status WriteFileAtomic(const std::string& path, absl::string_view bytes) {
  ASSIGN_OR_RETURN(std::unique_ptr<AtomicFile> file, AtomicFile::Create(path));
  RETURN_IF_ERROR(file->Append(bytes));
  return file->Commit();
}

AtomicFile::AtomicFile(const std::string& path, const std::string& temporary,
                       int fd)
    : path_(path), temporary_(temporary), fd_(fd) {}

AtomicFile::~AtomicFile() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(temporary_.c_str());
}

absl::StatusOr<std::unique_ptr<AtomicFile>> AtomicFile::Create(
    const std::string& path) {
  const std::string temporary = TemporaryName(path);
  const int fd =
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus("cannot write", path, errno);
  return std::unique_ptr<AtomicFile>(new AtomicFile(path, temporary, fd));
}

absl::Status AtomicFile::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd_, bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus("cannot write", path_, errno);
    }
    bytes.remove_prefix(wrote);
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  const int fd = fd_;
  fd_ = -1;
  int error = fsync(fd) != 0 ? errno : 0;
  if (close(fd) != 0 && error == 0) error = errno;
  if (error == 0 && rename(temporary_.c_str(), path_.c_str()) != 0) {
    error = errno;
  }
  if (error != 0) {
    unlink(temporary_.c_str());
    return ErrnoStatus("cannot write", path_, error);
  }
  SyncDirectoryOf(path_);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(
    const std::string& path) {
  int64_t size = 0;
  ASSIGN_OR_RETURN(const int fd, OpenForReading(path, &size));
  const absl::Cleanup closer = [fd] { close(fd); };
  if (size == 0) {  // or a pipe, or one of /proc, which say so too
    ASSIGN_OR_RETURN(std::string read, ReadOpenFile(fd, path, size));
    return std::shared_ptr<const MappedFile>(new MappedFile(std::move(read)));
  }
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return ErrnoStatus("cannot map", path, errno);
  return std::shared_ptr<const MappedFile>(
      new MappedFile(absl::string_view(static_cast<const char*>(data), size)));
}

MappedFile::~MappedFile() {
  if (mapped_.empty()) return;
  munmap(const_cast<char*>(mapped_.data()), mapped_.size());
}

// Pages that lie within the part. Those at its ends may hold what others read.
void MappedFile::Drop(absl::string_view part) const {
  if (mapped_.empty()) return;
  static const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto offset = static_cast<size_t>(part.data() - mapped_.data());
  const size_t begin = (offset + page - 1) / page * page;
  const size_t end = (offset + part.size()) / page * page;
  if (begin >= end) return;
  madvise(const_cast<char*>(mapped_.data() + begin), end - begin,
          MADV_DONTNEED);
}

}  // namespace fcis
