#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "fcis/core/io/npy.h"

// Whatever the bytes: an error, or an array that those bytes hold.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::StatusOr<fcis::Tensor> array = fcis::ParseNpy(
      absl::string_view(reinterpret_cast<const char*>(data), size), "array");
  if (array.ok()) {
    // float16 doubles.
    if (array->num_bytes() > 2 * static_cast<int64_t>(size)) std::abort();
  }
  return 0;
}
