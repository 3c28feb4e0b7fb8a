#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/data/download/unpack.h"

// An archive is read to its end or refused, within the limits.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile file(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  fcis::ArchiveLimits limits;
  limits.free_bytes = 1 << 20;
  fcis::data::CheckArchive(file.path(), limits).IgnoreError();
  return 0;
}
