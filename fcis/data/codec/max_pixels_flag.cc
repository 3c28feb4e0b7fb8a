#include "fcis/data/codec/max_pixels_flag.h"

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/cli/exit_code.h"
#include "fcis/data/codec/image_reader.h"

ABSL_FLAG(int64_t, max_pixels, fcis::kDefaultMaxPixels,
          "Pictures of more pixels are errors.");

namespace fcis::data {

absl::StatusOr<int64_t> MaxPixelsFromFlag() {
  const int64_t max_pixels = absl::GetFlag(FLAGS_max_pixels);
  if (max_pixels > 0) return max_pixels;
  return UsageError(
      absl::StrCat("--max_pixels=", max_pixels, ": expected at least 1"));
}

}  // namespace fcis::data
