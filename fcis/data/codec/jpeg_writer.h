// Writes JPEG pictures with libjpeg-turbo.
#ifndef FCIS_DATA_CODEC_JPEG_WRITER_H_
#define FCIS_DATA_CODEC_JPEG_WRITER_H_

#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/image/image.h"

namespace fcis::data {

// A baseline YCbCr JPEG, colour at half the resolution (4:2:0). quality: 1 to
// 100. Errors: an image without pixels, or too large for the format (65535).
absl::StatusOr<std::string> EncodeJpeg(const Image& image, int quality);

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_JPEG_WRITER_H_
