// Reading picture files.
#ifndef FCIS_DATA_CODEC_IMAGE_READER_H_
#define FCIS_DATA_CODEC_IMAGE_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/image/image.h"
#include "fcis/data/codec/allocate_image.h"

namespace fcis::data {

struct ReadOptions {
  // A picture of more pixels (by its header) is an error.
  int64_t max_pixels = kDefaultMaxPixels;
};

// The picture in a JPEG or PNG file (jpeg.h, png.h), which its first bytes
// tell, not its name. Errors name the file and what is wrong with it: missing,
// a directory, unreadable, empty, neither JPEG nor PNG, truncated, damaged, too
// large.
absl::StatusOr<Image> ReadImage(const std::string& path,
                                const ReadOptions& options = {});

// The size that ReadImage would give, read from the file's beginning: some
// microseconds. Errors as there, but damaged pixels are not found.
absl::StatusOr<ImageSize> ReadImageSize(const std::string& path,
                                        const ReadOptions& options = {});

// ReadImage of a file's bytes; errors without its name.
absl::StatusOr<Image> DecodeImage(absl::string_view bytes,
                                  const ReadOptions& options = {});

// What is said about a picture that has another size than its annotations:
// "a.jpg is 96x128 (width x height), but the annotations say 128x96", and when
// the camera's orientation is why: "; EXIF turns it: stored 128x96, shown
// 96x128". `height` and `width` are those that ReadImage gave; the file is
// opened again for its orientation.
std::string DescribeSizeMismatch(const std::string& path, int height, int width,
                                 int64_t wanted_height, int64_t wanted_width);

}  // namespace fcis::data

#endif  // FCIS_DATA_CODEC_IMAGE_READER_H_
