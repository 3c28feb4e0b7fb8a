#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "fcis/data/codec/image_reader.h"

// Whatever the bytes: a whole picture or an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr int64_t kMaxPixels = 1 << 20;
  const absl::StatusOr<fcis::Image> image = fcis::data::DecodeImage(
      absl::string_view(reinterpret_cast<const char*>(data), size),
      {kMaxPixels});
  if (image.ok()) {
    const int64_t pixels = int64_t{image->height} * image->width;
    if (pixels < 1 || pixels > kMaxPixels ||
        static_cast<int64_t>(image->pixels.size()) != 3 * pixels) {
      std::abort();
    }
  }
  return 0;
}
