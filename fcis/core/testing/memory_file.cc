#include "fcis/core/testing/memory_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"

namespace fcis {

MemoryFile::MemoryFile(absl::string_view bytes)
    : fd_(memfd_create("fcis", MFD_CLOEXEC)),
      path_(absl::StrCat("/proc/self/fd/", fd_)) {
  ABSL_RAW_CHECK(fd_ >= 0, "memfd_create failed");
  while (!bytes.empty()) {
    const ssize_t wrote = write(fd_, bytes.data(), bytes.size());
    ABSL_RAW_CHECK(wrote > 0, "a memory file cannot be written");
    bytes.remove_prefix(wrote);
  }
}

MemoryFile::~MemoryFile() { close(fd_); }

}  // namespace fcis
