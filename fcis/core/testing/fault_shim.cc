// A library for LD_PRELOAD that makes system calls of a program fail, as
// fault_run.h asks for in the environment:
//   FCIS_FAULT_CALL   open, write, fsync or rename
//   FCIS_FAULT_PATH   calls about files whose path holds this text
//   FCIS_FAULT_FROM   the first of them, from 1 on, that fails; so do all later
//   FCIS_FAULT_ERROR  with this errno; -1: half of what is to be written is
//                     (at least a byte); EINTR: every other call, from the
//                     first
//   FCIS_FAULT_HIT    a file that is made when a call fails
// Calls from within the C library (fwrite) do not come by.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kShort = -1;

const char* Asked(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? "" : value;
}

// The errno to fail with, kShort, or 0: the call is to go through.
int FaultOf(const char* call, const char* path) {
  if (std::strcmp(Asked("FCIS_FAULT_CALL"), call) != 0) return 0;
  if (std::strstr(path, Asked("FCIS_FAULT_PATH")) == nullptr) return 0;
  static std::atomic<int> count{0};
  const int n = ++count;
  const int error = std::atoi(Asked("FCIS_FAULT_ERROR"));
  const bool fails =
      error == EINTR ? n % 2 == 1 : n >= std::atoi(Asked("FCIS_FAULT_FROM"));
  if (!fails) return 0;
  const long hit = syscall(SYS_openat, AT_FDCWD, Asked("FCIS_FAULT_HIT"),
                           O_CREAT | O_WRONLY, 0600);
  if (hit >= 0) syscall(SYS_close, hit);
  return error;
}

int FaultOf(const char* call, int fd) {
  char link[64], path[4096];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  const ssize_t size = readlink(link, path, sizeof(path) - 1);
  path[size < 0 ? 0 : size] = '\0';
  return FaultOf(call, path);
}

// What a call that fails returns.
int Fail(int error) {
  errno = error;
  return -1;
}

int Open(const char* path, int flags, mode_t mode) {
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  const int error = writes ? FaultOf("open", path) : 0;
  if (error > 0) return Fail(error);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return Open(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return Open(path, flags, mode);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  const int error = FaultOf("write", fd);
  if (error > 0) return Fail(error);
  if (error == kShort && size > 1) size /= 2;
  return syscall(SYS_write, fd, bytes, size);
}

int fsync(int fd) {
  const int error = FaultOf("fsync", fd);
  return error > 0 ? Fail(error) : static_cast<int>(syscall(SYS_fsync, fd));
}

int rename(const char* from, const char* to) {
  const int error = FaultOf("rename", to);
  return error > 0 ? Fail(error)
                   : static_cast<int>(syscall(SYS_rename, from, to));
}

}  // extern "C"
