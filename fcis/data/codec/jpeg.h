// JPEG pictures (ITU T.81), read and written with libjpeg-turbo; read with its
// default arithmetic, so that the pixels are those of PIL and OpenCV.
#ifndef FCIS_DATA_CODEC_JPEG_H_
#define FCIS_DATA_CODEC_JPEG_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/image/image.h"
#include "fcis/data/codec/allocate_image.h"

namespace fcis::data {

// Whether the bytes begin like a JPEG file.
bool IsJpeg(absl::string_view bytes);

// Baseline and progressive; gray, YCbCr, RGB, and CMYK or YCCK, which count as
// inverted (Adobe's way, as PIL and OpenCV take it). The EXIF orientation is
// applied. Errors, without a file name: truncated or damaged data, not a JPEG,
// more than max_pixels (found before the pixels are allocated).
absl::StatusOr<Image> DecodeJpeg(absl::string_view bytes, int64_t max_pixels);

// The size of the picture that DecodeJpeg would give, by its header alone,
// which is enough of the file. Errors as there.
absl::StatusOr<ImageSize> JpegSize(absl::string_view bytes, int64_t max_pixels);

// The orientation that DecodeJpeg applies (orientation.h): 1 for one that is
// shown as it is stored, and for what is no JPEG.
int JpegOrientation(absl::string_view bytes);

// A baseline YCbCr JPEG, colour at half the resolution (4:2:0). quality: 1 to
// 100. Errors: an image without pixels, or too large for the format (65535).
absl::StatusOr<std::string> EncodeJpeg(const Image& image, int quality);

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_JPEG_H_
