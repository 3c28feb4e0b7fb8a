#include "fcis/data/convert/label_studio_rle.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/rle/rle_bitmap.h"

namespace fcis::data {
namespace {

constexpr uint64_t kChannels = 4;  // RGBA, of which the last counts

class BitReader {
 public:
  explicit BitReader(absl::Span<const uint8_t> bytes) : bytes_(bytes) {}

  // The next `count` bits (32 at most); 0 and not ok() behind the end.
  uint32_t Read(int count) {
    uint64_t value = 0;
    for (int i = 0; i < count; ++i, ++at_) {
      if (at_ / 8 >= bytes_.size()) {
        ok_ = false;
        return 0;
      }
      value = value << 1 | (bytes_[at_ / 8] >> (7 - at_ % 8) & 1u);
    }
    return static_cast<uint32_t>(value);
  }
  bool ok() const { return ok_; }

 private:
  const absl::Span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

// Puts values [begin, end) into the mask.
void Fill(uint64_t begin, uint64_t end, bool foreground,
          std::vector<uint8_t>& mask) {
  if (!foreground) return;
  // Of each pixel the last value.
  for (uint64_t pixel = begin / kChannels;
       pixel * kChannels + kChannels - 1 < end; ++pixel) {
    mask[pixel] = 1;
  }
}

}  // namespace

absl::StatusOr<Rle> DecodeLabelStudioRle(absl::Span<const uint8_t> bytes,
                                         int64_t height, int64_t width) {
  RETURN_IF_ERROR(CheckMaskSize(height, width));
  BitReader bits(bytes);
  const uint64_t count = bits.Read(32);
  const int word = static_cast<int>(bits.Read(5)) + 1;
  std::array<int, 4> sizes;
  for (int& size : sizes) size = static_cast<int>(bits.Read(4)) + 1;
  const uint64_t pixels = static_cast<uint64_t>(height * width);
  if (count != kChannels * pixels) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"rle\" has ", count, " values, expected ", kChannels * pixels,
        ": four for each of ", width, " x ", height, " pixels"));
  }
  const uint64_t half = uint64_t{1} << (word - 1);
  std::vector<uint8_t> mask(pixels, 0);
  for (uint64_t i = 0; i < count && bits.ok();) {
    const bool repeated = bits.Read(1) != 0;
    const int size = sizes[bits.Read(2)];
    const uint64_t end = std::min(count, i + 1 + bits.Read(size));
    if (repeated) {
      Fill(i, end, bits.Read(word) >= half, mask);
      i = end;
    }
    for (; i < end && bits.ok(); ++i) {
      Fill(i, i + 1, bits.Read(word) >= half, mask);
    }
  }
  if (!bits.ok()) return absl::InvalidArgumentError("\"rle\" ends early");
  return EncodeRowMajor(mask.data(), static_cast<int>(height),
                        static_cast<int>(width));
}

}  // namespace fcis::data
