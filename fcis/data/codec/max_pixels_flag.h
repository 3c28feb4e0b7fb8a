// The flag --max_pixels.
#ifndef FCIS_DATA_CODEC_MAX_PIXELS_FLAG_H_
#define FCIS_DATA_CODEC_MAX_PIXELS_FLAG_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace fcis::data {

// ReadOptions::max_pixels; a UsageError when it is below 1.
absl::StatusOr<int64_t> MaxPixelsFromFlag();

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_MAX_PIXELS_FLAG_H_
