#include "fcis/data/transform/mask_extent.h"

#include <algorithm>

namespace fcis {

PixelBox MaskExtent(const std::vector<uint8_t>& mask, int height, int width) {
  const auto is_set = [](uint8_t value) { return value != 0; };
  PixelBox extent;
  for (int y = 0; y < height; ++y) {
    const uint8_t* row = mask.data() + static_cast<size_t>(y) * width;
    const uint8_t* end = row + width;
    const uint8_t* first = std::find_if(row, end, is_set);
    if (first == end) continue;
    const uint8_t* last = end - 1;
    while (*last == 0) --last;
    extent = UnionBox(extent, {static_cast<int>(first - row), y,
                               static_cast<int>(last - row) + 1, y + 1});
  }
  return extent;
}

}  // namespace fcis
