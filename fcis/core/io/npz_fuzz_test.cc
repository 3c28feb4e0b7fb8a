#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"
#include "fcis/core/io/npz.h"
#include "fcis/core/testing/memory_file.h"

// Whatever the bytes: every array is read or refused.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const fcis::MemoryFile bytes(
      absl::string_view(reinterpret_cast<const char*>(data), size));
  const absl::StatusOr<std::unique_ptr<fcis::NpzFile>> file =
      fcis::NpzFile::Open(bytes.path());
  if (file.ok()) {
    for (const std::string& name : (*file)->names()) {
      (*file)->Read(name).IgnoreError();
    }
  }
  return 0;
}
