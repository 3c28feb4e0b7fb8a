// The pixels of a picture whose header promises a size.
#ifndef FCIS_DATA_CODEC_ALLOCATE_IMAGE_H_
#define FCIS_DATA_CODEC_ALLOCATE_IMAGE_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "fcis/core/image/image.h"

namespace fcis::data {

struct ImageSize {
  int height = 0, width = 0;  // pixels, at least 1
};

// The size that a header says. Errors, without a file name: no pixels, more
// than max_pixels.
absl::StatusOr<ImageSize> CheckImageSize(uint32_t height, uint32_t width,
                                         int64_t max_pixels);

// A black image. Errors, without a file name: those of CheckImageSize (checked
// first), no memory for the pixels, or less than they need (CheckMemory).
absl::StatusOr<Image> AllocateImage(uint32_t height, uint32_t width,
                                    int64_t max_pixels);

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_ALLOCATE_IMAGE_H_
