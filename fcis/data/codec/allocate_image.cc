#include "fcis/data/codec/allocate_image.h"

#include <limits>
#include <new>
#include <stdexcept>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fcis {

absl::StatusOr<Image> AllocateImage(uint32_t height, uint32_t width,
                                    int64_t max_pixels) {
  const std::string size = absl::StrCat(width, "x", height, " pixels");
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
  try {
    return Image(static_cast<int>(height), static_cast<int>(width));
  } catch (const std::bad_alloc&) {
  } catch (const std::length_error&) {
  }
  return absl::ResourceExhaustedError(absl::StrCat("no memory for ", size));
}

}  // namespace fcis
