// A file that grows by whole records, for logs that are read while written.
#ifndef FCIS_CORE_IO_APPEND_FILE_H_
#define FCIS_CORE_IO_APPEND_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fcis {

class AppendFile {
 public:
  // Opens or creates it and cuts it to its first `keep_bytes`, at most its
  // size. Errors name the path.
  static absl::StatusOr<std::unique_ptr<AppendFile>> Open(
      const std::string& path, int64_t keep_bytes);
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  ~AppendFile();

  // Hands the record to the system, whose readers see it at once. On an error
  // (full disk) the file is cut back to its last whole record.
  absl::Status Append(absl::string_view record);

  // All records are on the disk once this returns.
  absl::Status Sync();

 private:
  AppendFile(const std::string& path, int fd, int64_t size)
      : path_(path), fd_(fd), size_(size) {}

  const std::string path_;
  const int fd_;
  int64_t size_;
};

}  // namespace fcis

#endif  // FCIS_CORE_IO_APPEND_FILE_H_
