// Apart from jpeg.cc, since TurboJPEG cannot be part of a shared library
// (third_party/static_libraries.bzl).
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/data/codec/jpeg.h"
#include "turbojpeg.h"

namespace fcis::data {

absl::StatusOr<std::string> EncodeJpeg(const Image& image, int quality) {
  const tjhandle encoder = tjInitCompress();
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT: what the library takes
  const bool failed =
      tjCompress2(encoder, image.pixels.data(), image.width, /*pitch=*/0,
                  image.height, TJPF_RGB, &bytes, &size, TJSAMP_420, quality,
                  /*flags=*/0) != 0;
  absl::StatusOr<std::string> jpeg;
  if (failed) {
    jpeg = absl::InvalidArgumentError(absl::StrCat(
        "cannot encode a picture of ", image.width, " x ", image.height,
        " pixels as JPEG: ", tjGetErrorStr2(encoder)));
  } else {
    jpeg = std::string(reinterpret_cast<char*>(bytes), size);
  }
  tjFree(bytes);
  tjDestroy(encoder);
  return jpeg;
}

}  // namespace fcis::data
