#include "fcis/data/transform/crop.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "fcis/core/geometry/box.h"
#include "fcis/core/image/resize.h"
#include "fcis/data/transform/instances.h"

namespace fcis::data {
namespace {

// Windows that are tried for one with an instance.
constexpr int kAttempts = 10;

// The window's part of rows of `columns` x `channels` values.
std::vector<uint8_t> CropRows(const std::vector<uint8_t>& values, int columns,
                              int channels, const PixelBox& window) {
  std::vector<uint8_t> part;
  part.reserve(static_cast<size_t>(window.height()) * window.width() *
               channels);
  for (int y = window.y0; y < window.y1; ++y) {
    const auto row =
        values.begin() + static_cast<int64_t>(y) * columns * channels;
    part.insert(part.end(), row + int64_t{window.x0} * channels,
                row + int64_t{window.x1} * channels);
  }
  return part;
}

bool Contains(const PixelBox& outer, const PixelBox& inner) {
  return UnionBox(outer, inner) == outer;
}

}  // namespace

int RoundedSide(double length, int limit) {
  return std::clamp(static_cast<int>(std::lround(length)), 1, limit);
}

Image CropImage(const Image& image, const PixelBox& window) {
  Image part;
  part.height = window.height();
  part.width = window.width();
  part.pixels = CropRows(image.pixels, image.width, 3, window);
  return part;
}

std::vector<uint8_t> CropMask(const std::vector<uint8_t>& mask, int width,
                              const PixelBox& window) {
  return CropRows(mask, width, 1, window);
}

LabelledImage Crop(const LabelledImage& picture, const PixelBox& window) {
  const Image& image = picture.image;
  const Instances& instances = picture.instances;
  LabelledImage part;
  part.image = CropImage(image, window);
  for (size_t i = 0; i < instances.size(); ++i) {
    std::vector<uint8_t> mask =
        CropMask(instances.masks[i], image.width, window);
    const PixelBox left = MaskExtent(mask, window.height(), window.width());
    if (left.empty()) continue;
    const PixelBox whole =
        MaskExtent(instances.masks[i], image.height, image.width);
    Box box = ToBox(left);
    if (Contains(window, whole)) {
      const Box& b = instances.boxes[i];
      const auto x = static_cast<float>(window.x0);
      const auto y = static_cast<float>(window.y0);
      box = ClipBox({b.x0 - x, b.y0 - y, b.x1 - x, b.y1 - y},
                    static_cast<float>(window.width()),
                    static_cast<float>(window.height()));
    }
    part.instances.Add(box, instances.labels[i], std::move(mask));
  }
  if (!instances.ignored.empty()) {
    part.instances.ignored = CropMask(instances.ignored, image.width, window);
  }
  return part;
}

LabelledImage RandomZoom(LabelledImage picture, double zoom,
                         RandomStream& random) {
  const Image& image = picture.image;
  const int height = RoundedSide(image.height / zoom, image.height);
  const int width = RoundedSide(image.width / zoom, image.width);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const int y = random.Integer(0, image.height - height);
    const int x = random.Integer(0, image.width - width);
    LabelledImage part = Crop(picture, {x, y, x + width, y + height});
    if (part.instances.size() > 0 || picture.instances.size() == 0) {
      return part;
    }
  }
  return picture;
}

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
