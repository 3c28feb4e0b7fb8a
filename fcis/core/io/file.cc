#include "fcis/core/io/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

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

constexpr int kForWriting = O_WRONLY | O_CREAT | O_CLOEXEC;

// Whether `fd`, opened by this name, is still the file of the name, nobody
// else's, and no other name's.
bool IsOwn(int fd, const std::string& name) {
  struct stat opened, named;
  return fstat(fd, &opened) == 0 && lstat(name.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino &&
         S_ISREG(opened.st_mode) && opened.st_nlink == 1 &&
         opened.st_uid == geteuid();
}

// A file with its writer's lock, so that what a killed writer has left is
// written over by the next. -1: somebody writes it now, or it is none of ours.
int OpenUnlessLocked(const std::string& name) {
  const int fd =
      open(name.c_str(), kForWriting | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (fd < 0) return -1;
  const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  // A file system without locks keeps no file that nobody writes.
  if (!locked && errno != EWOULDBLOCK && IsOwn(fd, name)) unlink(name.c_str());
  if (locked && IsOwn(fd, name) && ftruncate(fd, 0) == 0) return fd;
  close(fd);
  return -1;
}

// A file beside `path`, under the usual name or one of this process alone.
int OpenTemporary(const std::string& path, std::string* name) {
  *name = absl::StrCat(path, ".fcis.tmp");
  const int fd = OpenUnlessLocked(*name);
  if (fd >= 0) return fd;
  static std::atomic<int> counter{0};
  *name = absl::StrCat(path, ".", getpid(), ".", counter++, ".tmp");
  return open(name->c_str(), kForWriting | O_EXCL, 0666);
}

// To write where no file could take the name's place: to a pipe or a device, or
// to what standard output or error already is, to which /dev/stdout leads. -1:
// there is no such thing, or it cannot be opened.
int OpenInPlace(const std::string& path) {
  struct stat named, standard;
  if (stat(path.c_str(), &named) != 0) return -1;
  for (FILE* stream : {stdout, stderr}) {
    if (fstat(fileno(stream), &standard) != 0 ||
        standard.st_dev != named.st_dev || standard.st_ino != named.st_ino) {
      continue;
    }
    fflush(stream);  // what was printed goes first
    return fcntl(fileno(stream), F_DUPFD_CLOEXEC, 0);
  }
  if (S_ISREG(named.st_mode) || S_ISDIR(named.st_mode)) return -1;
  return open(path.c_str(), O_WRONLY | O_CLOEXEC);
}

// The rename is only durable once the directory is. 0 or errno; of directories
// that cannot be synced 0.
int SyncDirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return 0;
  const int error = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return error == EIO || error == ENOSPC || error == EDQUOT ? error : 0;
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

bool FileExists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

absl::Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) return absl::OkStatus();
  return ErrnoStatus("cannot make", path, error.value());
}

absl::Status MakeDirectoriesOf(const std::string& file) {
  const std::filesystem::path parent =
      std::filesystem::path(file).parent_path();
  return parent.empty() ? absl::OkStatus() : MakeDirectories(parent.string());
}

bool WriteAll(int fd, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(wrote);
  }
  return true;
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
  if (!temporary_.empty()) unlink(temporary_.c_str());
  close(fd_);
}

absl::StatusOr<std::unique_ptr<AtomicFile>> AtomicFile::Create(
    const std::string& path) {
  std::string temporary;
  int fd = OpenInPlace(path);
  if (fd < 0) fd = OpenTemporary(path, &temporary);
  if (fd < 0) return ErrnoStatus("cannot write", path, errno);
  return std::unique_ptr<AtomicFile>(new AtomicFile(path, temporary, fd));
}

absl::Status AtomicFile::Append(absl::string_view bytes) {
  if (WriteAll(fd_, bytes)) return absl::OkStatus();
  return ErrnoStatus("cannot write", path_, errno);
}

absl::Status AtomicFile::Commit() {
  if (temporary_.empty()) {
    if (close(std::exchange(fd_, -1)) == 0) return absl::OkStatus();
    return ErrnoStatus("cannot write", path_, errno);
  }
  // Under its lock, or another writer might take it for left over.
  if (fsync(fd_) != 0 || rename(temporary_.c_str(), path_.c_str()) != 0) {
    return ErrnoStatus("cannot write", path_, errno);
  }
  close(fd_);
  fd_ = -1;
  const int error = SyncDirectoryOf(path_);
  if (error == 0) return absl::OkStatus();
  return ErrnoStatus("cannot write the directory of", path_, error);
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
