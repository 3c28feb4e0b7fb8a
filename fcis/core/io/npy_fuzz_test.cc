#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/base/internal/raw_logging.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/npy.h"

namespace {

absl::string_view BytesOf(const fcis::Tensor& array) {
  return {static_cast<const char*>(array.raw()),
          static_cast<size_t>(array.num_bytes())};
}

}  // namespace

// Whatever the bytes: an error, or an array that those bytes hold, which reads
// back as it is written.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::StatusOr<fcis::Tensor> array = fcis::ParseNpy(
      absl::string_view(reinterpret_cast<const char*>(data), size), "array");
  if (!array.ok()) return 0;
  // float16 doubles.
  ABSL_RAW_CHECK(array->num_bytes() <= 2 * static_cast<int64_t>(size), "size");
  std::string file = fcis::NpyHeader(array->shape(), array->type()).value();
  absl::StrAppend(&file, BytesOf(*array));
  const absl::StatusOr<fcis::Tensor> again = fcis::ParseNpy(file, "again");
  ABSL_RAW_CHECK(again.ok() && again->shape() == array->shape() &&
                     BytesOf(*again) == BytesOf(*array),
                 "again");
  return 0;
}
