// Image: 8-bit RGB pixels, row-major [height][width][3], origin at the top
// left. The empty image has no pixels and height = width = 0.
#ifndef FCIS_CORE_IMAGE_IMAGE_H_
#define FCIS_CORE_IMAGE_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fcis {

struct Image {
  int height = 0;
  int width = 0;
  std::vector<uint8_t> pixels;  // height * width * 3

  Image() = default;
  // Black.
  Image(int h, int w)
      : height(h), width(w), pixels(static_cast<size_t>(h) * w * 3) {}

  bool empty() const { return pixels.empty(); }
  uint8_t* row(int y) {
    return pixels.data() + static_cast<size_t>(y) * width * 3;
  }
  const uint8_t* row(int y) const {
    return pixels.data() + static_cast<size_t>(y) * width * 3;
  }
};

}  // namespace fcis

#endif  // FCIS_CORE_IMAGE_IMAGE_H_
