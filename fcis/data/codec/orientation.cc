#include "fcis/data/codec/orientation.h"

#include <cstdint>
#include <cstring>
#include <initializer_list>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"

namespace fcis::data {
namespace {

constexpr absl::string_view kExifHeader("Exif\0\0", 6);
constexpr uint16_t kOrientationTag = 0x0112;
constexpr uint16_t kShort = 3;
constexpr size_t kEntrySize = 12;

// Unsigned integers of a TIFF structure in either byte order; past its end
// they read as 0, which means nothing wherever it is read here.
class TiffReader {
 public:
  explicit TiffReader(absl::string_view bytes)
      : bytes_(bytes), big_endian_(absl::StartsWith(bytes, "MM")) {}

  uint32_t U16(size_t at) const { return Number(at, 2); }
  uint32_t U32(size_t at) const { return Number(at, 4); }

 private:
  uint32_t Number(size_t at, size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t from_high = big_endian_ ? i : size - 1 - i;
      value = value << 8 | static_cast<uint8_t>(bytes_[at + from_high]);
    }
    return value;
  }

  absl::string_view bytes_;
  bool big_endian_;
};

}  // namespace

int ExifOrientation(absl::string_view app1) {
  if (!absl::StartsWith(app1, kExifHeader)) return 1;
  app1.remove_prefix(kExifHeader.size());
  if (!absl::StartsWith(app1, "II") && !absl::StartsWith(app1, "MM")) return 1;
  const TiffReader tiff(app1);
  const size_t directory = tiff.U32(4);
  const uint32_t entries = tiff.U16(directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + i * kEntrySize;
    if (tiff.U16(entry) != kOrientationTag) continue;
    const uint32_t value = tiff.U16(entry + 8);
    const bool valid =
        tiff.U16(entry + 2) == kShort && value >= 1 && value <= 8;
    return valid ? static_cast<int>(value) : 1;
  }
  return 1;
}

Turn TurnOf(int orientation) {
  const auto is_among = [&](std::initializer_list<int> orientations) {
    return absl::c_linear_search(orientations, orientation);
  };
  return {is_among({3, 4, 6, 7}), is_among({2, 3, 7, 8}),
          is_among({5, 6, 7, 8})};
}

Image ApplyOrientation(Image image, int orientation) {
  if (orientation < 2 || orientation > 8) return image;
  const auto [from_bottom, from_right, transposed] = TurnOf(orientation);
  const int64_t row_step = (from_bottom ? -3 : 3) * int64_t{image.width};
  const int64_t column_step = from_right ? -3 : 3;
  const int64_t x_step = transposed ? row_step : column_step;
  const int64_t y_step = transposed ? column_step : row_step;
  const int64_t start =
      (from_bottom ? (image.height - 1) * int64_t{image.width} * 3 : 0) +
      (from_right ? (image.width - 1) * int64_t{3} : 0);

  Image out(transposed ? image.width : image.height,
            transposed ? image.height : image.width);
  const uint8_t* in = image.pixels.data();
  for (int y = 0; y < out.height; ++y) {
    uint8_t* row = out.row(y);
    int64_t at = start + y * y_step;
    for (int x = 0; x < out.width; ++x, at += x_step) {
      std::memcpy(row + int64_t{3} * x, in + at, 3);
    }
  }
  return out;
}

}  // namespace fcis::data
