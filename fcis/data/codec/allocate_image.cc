#include "fcis/data/codec/allocate_image.h"

#include <limits>
#include <new>
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::data {

namespace {

std::string SizeText(uint32_t height, uint32_t width) {
  return absl::StrCat(width, "x", height, " pixels");
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
  try {
    return Image(size.height, size.width);
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  return absl::ResourceExhaustedError(
      absl::StrCat("no memory for ", SizeText(height, width)));
}

}  // namespace fcis::data
