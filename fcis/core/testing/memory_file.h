// Bytes as a file with a path: fuzz targets of readers that take a path.
#ifndef FCIS_CORE_TESTING_MEMORY_FILE_H_
#define FCIS_CORE_TESTING_MEMORY_FILE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fcis {

// Lives in memory only, while the object does; CHECKs that it could be made.
class MemoryFile {
 public:
  explicit MemoryFile(absl::string_view bytes);
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile();

  const std::string& path() const { return path_; }

 private:
  int fd_;
  std::string path_;
};

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_MEMORY_FILE_H_
