#include "fcis/data/transform/instances.h"

#include <cstring>

namespace fcis::data {

PixelBox MaskExtent(const std::vector<uint8_t>& mask, int height, int width) {
  const auto columns = static_cast<size_t>(width);
  PixelBox extent;
  for (int y = 0; y < height; ++y) {
    const uint8_t* row = mask.data() + static_cast<size_t>(y) * columns;
    const void* first = std::memchr(row, 1, columns);
    if (first == nullptr) continue;
    const void* last = memrchr(row, 1, columns);
    const auto offset = [row](const void* at) {
      return static_cast<int>(static_cast<const uint8_t*>(at) - row);
    };
    extent = UnionBox(extent, {offset(first), y, offset(last) + 1, y + 1});
  }
  return extent;
}

}  // namespace fcis::data
