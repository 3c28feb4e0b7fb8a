#include "fcis/core/io/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "fcis/core/base/status_macros.h"
#include "fcis/core/io/file.h"

namespace fcis {
namespace {

// 0 or errno.
int Lock(int fd, int operation) {
  while (flock(fd, operation) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

absl::StatusOr<int> OpenLockFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return ErrnoStatus("cannot write", path, errno);
  return fd;
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::Acquire(
    const std::string& path, absl::FunctionRef<void()> waiting) {
  ASSIGN_OR_RETURN(const int fd, OpenLockFile(path));
  std::unique_ptr<FileLock> lock(new FileLock(fd));
  int error = Lock(fd, LOCK_EX | LOCK_NB);
  if (error == EWOULDBLOCK) {
    waiting();
    error = Lock(fd, LOCK_EX);
  }
  if (error != 0) return ErrnoStatus("cannot lock", path, error);
  return lock;
}

absl::StatusOr<std::unique_ptr<FileLock>> FileLock::TryAcquire(
    const std::string& path) {
  ASSIGN_OR_RETURN(const int fd, OpenLockFile(path));
  std::unique_ptr<FileLock> lock(new FileLock(fd));
  const int error = Lock(fd, LOCK_EX | LOCK_NB);
  if (error == EWOULDBLOCK) return nullptr;
  if (error != 0) return ErrnoStatus("cannot lock", path, error);
  return lock;
}

FileLock::~FileLock() { close(fd_); }

}  // namespace fcis
