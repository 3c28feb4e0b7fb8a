#include "fcis/data/codec/allocate_image.h"

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/memory_limit.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::data {

namespace {

std::string SizeText(uint32_t height, uint32_t width) {
  return absl::StrCat(width, "x", height, " pixels");
}

// What the system kills the whole program for, where it promises more memory
// than a container has, is better refused. For a small picture it is not worth
// the look.
absl::Status CheckRoom(const ImageSize& size) {
  constexpr int64_t kSmall = int64_t{16} << 20;
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 3;
  const int64_t bytes =
      3 * std::min(kMost, int64_t{1} * size.height * size.width);
  if (bytes < kSmall) return absl::OkStatus();
  return CheckMemory(bytes, FindMemoryLeft(),
                     absl::StrCat(SizeText(size.height, size.width), " take ",
                                  MemoryText(bytes)));
}

}  // namespace

absl::StatusOr<ImageSize> CheckImageSize(uint32_t height, uint32_t width,
                                         int64_t max_pixels) {
  const std::string size = SizeText(height, width);
  constexpr uint32_t kMaxSide = std::numeric_limits<int32_t>::max();
  if (height < 1 || width < 1 || height > kMaxSide || width > kMaxSide) {
    return absl::InvalidArgumentError(absl::StrCat(
        "its header says ", size, ", expected sides of 1 to ", kMaxSide));
  }
  // Both sides are below 2^31: no overflow.
  if (int64_t{height} * width > max_pixels) {
    return absl::InvalidArgumentError(absl::StrCat(
        size, " are too many, expected at most ", max_pixels, " in all"));
  }
  return ImageSize{static_cast<int>(height), static_cast<int>(width)};
}

absl::StatusOr<Image> AllocateImage(uint32_t height, uint32_t width,
                                    int64_t max_pixels) {
  ASSIGN_OR_RETURN(const ImageSize size,
                   CheckImageSize(height, width, max_pixels));
  RETURN_IF_ERROR(CheckRoom(size));
  try {
    return Image(size.height, size.width);
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("no memory for ", SizeText(height, width)));
}

}  // namespace fcis::data
