#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "fcis/data/download/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fcis::data::ParseManifest(
      absl::string_view(reinterpret_cast<const char*>(data), size), "fuzz")
      .IgnoreError();
  return 0;
}
