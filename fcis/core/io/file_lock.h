// A lock between processes: ranks and parallel calls must not race for the same
// file.
#ifndef FCIS_CORE_IO_FILE_LOCK_H_
#define FCIS_CORE_IO_FILE_LOCK_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace fcis {

// Held until destroyed, or until the process ends, however it ends. The lock
// file itself stays: removing it would let two processes hold it.
class FileLock {
 public:
  // Waits for as long as another holds it; `waiting` is called once before.
  static absl::StatusOr<std::unique_ptr<FileLock>> Acquire(
      const std::string& path, absl::FunctionRef<void()> waiting);
  // Null when another holds it.
  static absl::StatusOr<std::unique_ptr<FileLock>> TryAcquire(
      const std::string& path);
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}

  const int fd_;
};

}  // namespace fcis

#endif  // FCIS_CORE_IO_FILE_LOCK_H_
