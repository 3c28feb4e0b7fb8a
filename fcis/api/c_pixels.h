// A caller's pixels to an Image and back.
#ifndef FCIS_API_C_PIXELS_H_
#define FCIS_API_C_PIXELS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/image/image.h"

namespace fcis::api {

// How a caller's pixels lie in memory: the arguments of the functions of
// fcis.h.
struct PixelLayout {
  int64_t height = 0, width = 0;
  int64_t stride = 0;  // 0: rows follow one another
  int format = 0;      // an fcis_pixel_format
};

// A copy. Errors: `pixels` is null; no pixels, or more than max_pixels; rows
// that overlap, or reach beyond what can be addressed; an unknown format.
absl::StatusOr<Image> ImageOf(const uint8_t* pixels, const PixelLayout& layout,
                              int64_t max_pixels);

// Writes the image, which has the layout's size, over the colours of the
// pixels. Errors: as above; gray pixels.
absl::Status WriteOver(const Image& image, const PixelLayout& layout,
                       uint8_t* pixels);

}  // namespace fcis::api

#endif  // FCIS_API_C_PIXELS_H_
