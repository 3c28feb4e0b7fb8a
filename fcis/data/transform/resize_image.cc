#include "fcis/data/transform/resize_image.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "fcis/core/image/resize.h"

namespace fcis::data {
namespace {

std::vector<float> Channel(const Image& image, size_t c) {
  std::vector<float> plane;
  plane.reserve(image.pixels.size() / 3);
  for (size_t i = c; i < image.pixels.size(); i += 3) {
    plane.push_back(image.pixels[i]);
  }
  return plane;
}

}  // namespace

Image ResizeImage(const Image& image, int height, int width) {
  Image resized(height, width);
  std::vector<float> plane(static_cast<size_t>(height) * width);
  for (size_t c = 0; c < 3; ++c) {
    ResizeBilinear(Channel(image, c).data(), image.height, image.width,
                   plane.data(), height, width);
    for (size_t i = 0; i < plane.size(); ++i) {
      resized.pixels[i * 3 + c] = static_cast<uint8_t>(std::lround(plane[i]));
    }
  }
  return resized;
}

}  // namespace fcis::data
