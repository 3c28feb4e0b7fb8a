// A library for LD_PRELOAD that makes system calls of a program fail, as
// fault_run.h asks for in the environment:
//   FCIS_FAULT_CALL   open (for writing), read, write, fsync, rename or clock
//   FCIS_FAULT_PATH   calls about files whose path holds this text
//   FCIS_FAULT_FROM   the first of them, from 1 on, that fails; so do all later
//   FCIS_FAULT_ERROR  with this errno; -1: half of what is to be read or
//                     written is (at least a byte); EINTR: every other call,
//                     from the first; less than -1: the first ends the process
//                     by minus this signal, or finds it asked to end, and no
//                     call fails
//   FCIS_FAULT_HIT    a file that is made when a call fails
// The clock of the date (clock_gettime) fails by jumping: at each FROM-th look
// at it by so many seconds ahead or, the next time, back again. Calls from
// within the C library (fwrite) do not come by.
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
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

void NoteHit() {
  const long hit = syscall(SYS_openat, AT_FDCWD, Asked("FCIS_FAULT_HIT"),
                           O_CREAT | O_WRONLY, 0600);
  if (hit >= 0) syscall(SYS_close, hit);
}

// The number of this call among those asked for; 0: it is none of them.
int NumberOf(const char* call, const char* path) {
  if (std::strcmp(Asked("FCIS_FAULT_CALL"), call) != 0) return 0;
  if (std::strstr(path, Asked("FCIS_FAULT_PATH")) == nullptr) return 0;
  static std::atomic<int> count{0};
  return ++count;
}

// The errno to fail with, kShort, or 0: the call is to go through.
int FaultOf(const char* call, const char* path) {
  const int n = NumberOf(call, path);
  if (n == 0) return 0;
  const int error = std::atoi(Asked("FCIS_FAULT_ERROR"));
  const int from = std::atoi(Asked("FCIS_FAULT_FROM"));
  const bool is_signal = error < kShort;
  const bool fails = error == EINTR ? n % 2 == 1
                     : is_signal    ? n == from
                                    : n >= from;
  if (!fails) return 0;
  NoteHit();
  if (!is_signal) return error;
  kill(getpid(), -error);
  return 0;
}

int FaultOf(const char* call, int fd) {
  if (std::strcmp(Asked("FCIS_FAULT_CALL"), call) != 0) return 0;
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

ssize_t read(int fd, void* bytes, size_t size) {
  const int error = FaultOf("read", fd);
  if (error > 0) return Fail(error);
  if (error == kShort && size > 1) size /= 2;
  return syscall(SYS_read, fd, bytes, size);
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

int clock_gettime(clockid_t clock, timespec* time) {
  const long failed = syscall(SYS_clock_gettime, clock, time);
  const int n = clock == CLOCK_REALTIME ? NumberOf("clock", "") : 0;
  if (n > 0 && n / std::atoi(Asked("FCIS_FAULT_FROM")) % 2 == 1) {
    NoteHit();
    time->tv_sec += std::atoi(Asked("FCIS_FAULT_ERROR"));
  }
  return static_cast<int>(failed);
}

}  // extern "C"
