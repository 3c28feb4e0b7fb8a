// PNG pictures (ISO/IEC 15948), read and written with libpng.
#ifndef FCIS_DATA_CODEC_PNG_H_
#define FCIS_DATA_CODEC_PNG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/image/image.h"
#include "fcis/data/codec/allocate_image.h"

namespace fcis::data {

// Whether the bytes begin like a PNG file.
bool IsPng(absl::string_view bytes);

// Every colour type, depth and interlacing. As PIL's convert("RGB") and OpenCV
// read them: transparency is dropped and the colour beneath it shows; of 16
// bits the upper 8 are kept; gamma and colour profiles are ignored. Errors,
// without a file name: truncated or damaged data, not a PNG, more than
// max_pixels (found before the pixels are allocated).
absl::StatusOr<Image> DecodePng(absl::string_view bytes, int64_t max_pixels);

// The size of the picture, by its header alone, which is enough of the file.
// Errors as DecodePng.
absl::StatusOr<ImageSize> PngSize(absl::string_view bytes, int64_t max_pixels);

// The numbers of a picture whose pixels are labels.
struct PngLabels {
  int height = 0, width = 0;
  // Row-major: indices of a palette, gray values as they are stored (up to 16
  // bits), else colours, red * 65536 + green * 256 + blue.
  std::vector<uint32_t> labels;
  bool colors = false;
};

// Transparency is dropped. Errors as DecodePng.
absl::StatusOr<PngLabels> DecodePngLabels(absl::string_view bytes,
                                          int64_t max_pixels);

// An 8-bit RGB PNG, compressed for speed rather than for size. Errors: an image
// without pixels, no memory.
absl::StatusOr<std::string> EncodePng(const Image& image);

// A 1-bit gray PNG, white where mask [height][width] is not 0. Errors: no
// pixels, a mask of another size, no memory.
absl::StatusOr<std::string> EncodeMaskPng(absl::Span<const uint8_t> mask,
                                          int height, int width);

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_PNG_H_
