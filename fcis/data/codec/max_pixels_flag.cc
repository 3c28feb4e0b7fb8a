#include "fcis/data/codec/max_pixels_flag.h"

#include "absl/flags/flag.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/cli/suggest.h"
#include "fcis/data/codec/image_reader.h"

ABSL_FLAG(int64_t, max_pixels, fcis::kDefaultMaxPixels,
          "Pictures of more pixels are errors.");

namespace fcis::data {

absl::StatusOr<int64_t> MaxPixelsFromFlag() {
  RETURN_IF_ERROR(CheckAtLeast(FLAGS_max_pixels, 1));
  return absl::GetFlag(FLAGS_max_pixels);
}

}  // namespace fcis::data
