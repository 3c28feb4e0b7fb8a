#include "fcis/api/c_pixels.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/data/codec/allocate_image.h"
#include "fcis/fcis.h"

namespace fcis::api {
namespace {

// Of a pixel: its bytes, and where red, green and blue are.
struct Channels {
  int bytes, red, green, blue;
};

absl::StatusOr<Channels> ChannelsOf(int format) {
  constexpr Channels kFormats[] = {
      {3, 0, 1, 2}, {3, 2, 1, 0}, {1, 0, 0, 0}, {4, 0, 1, 2}};
  static_assert(FCIS_RGB == 0 && FCIS_BGR == 1 && FCIS_GRAY == 2 &&
                FCIS_RGBA == 3);
  if (format >= FCIS_RGB && format <= FCIS_RGBA) return kFormats[format];
  return absl::InvalidArgumentError(absl::StrCat(
      "format is ", format, ", expected an fcis_pixel_format, 0 to 3"));
}

// Bytes from row to row.
absl::StatusOr<int64_t> StrideOf(const PixelLayout& layout, int bytes) {
  const int64_t row = layout.width * bytes;
  if (layout.stride == 0) return row;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  if (layout.stride < row || layout.stride > (kMost - row) / layout.height) {
    return absl::InvalidArgumentError(absl::StrCat(
        "stride is ", layout.stride, ", expected 0 or at least ", row,
        ", the bytes of ", layout.width, " pixels, and rows in memory"));
  }
  return layout.stride;
}

// AllocateImage would speak of a header.
absl::Status CheckSides(const PixelLayout& layout) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  for (const int64_t side : {layout.height, layout.width}) {
    if (side >= 1 && side <= kMost) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the picture is ", layout.width, "x", layout.height,
                     " (width x height), expected at least 1x1"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Image> ImageOf(const uint8_t* pixels, const PixelLayout& layout,
                              int64_t max_pixels) {
  RETURN_IF_ERROR(CheckGiven(pixels, "pixels"));
  RETURN_IF_ERROR(CheckSides(layout));
  ASSIGN_OR_RETURN(const Channels channels, ChannelsOf(layout.format));
  ASSIGN_OR_RETURN(const int64_t stride, StrideOf(layout, channels.bytes));
  ASSIGN_OR_RETURN(
      Image image,
      data::AllocateImage(static_cast<uint32_t>(layout.height),
                          static_cast<uint32_t>(layout.width), max_pixels));
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* from = pixels + y * stride;
    uint8_t* to = image.row(y);
    for (int x = 0; x < image.width; ++x, from += channels.bytes, to += 3) {
      to[0] = from[channels.red];
      to[1] = from[channels.green];
      to[2] = from[channels.blue];
    }
  }
  return image;
}

absl::Status WriteOver(const Image& image, const PixelLayout& layout,
                       uint8_t* pixels) {
  ASSIGN_OR_RETURN(const Channels channels, ChannelsOf(layout.format));
  ASSIGN_OR_RETURN(const int64_t stride, StrideOf(layout, channels.bytes));
  if (layout.format == FCIS_GRAY) {
    return absl::InvalidArgumentError(
        "the pixels are gray, expected colours to draw with");
  }
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* from = image.row(y);
    uint8_t* to = pixels + y * stride;
    for (int x = 0; x < image.width; ++x, from += 3, to += channels.bytes) {
      to[channels.red] = from[0];
      to[channels.green] = from[1];
      to[channels.blue] = from[2];
    }
  }
  return absl::OkStatus();
}

}  // namespace fcis::api
