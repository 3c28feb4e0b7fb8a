#include "fcis/core/draw/canvas.h"

#include <algorithm>
#include <cstdint>

namespace fcis {

void FillBox(const PixelBox& box, const Color& color, Image* image) {
  const int x0 = std::max(box.x0, 0);
  const int x1 = std::min(box.x1, image->width);
  for (int y = std::max(box.y0, 0); y < std::min(box.y1, image->height); ++y) {
    uint8_t* row = image->row(y);
    for (int x = x0; x < x1; ++x) {
      row[3 * x] = color.r;
      row[3 * x + 1] = color.g;
      row[3 * x + 2] = color.b;
    }
  }
}

void FrameBox(const PixelBox& box, int thickness, const Color& color,
              Image* image) {
  const int top = std::min(box.y0 + thickness, box.y1);
  const int bottom = std::max(box.y1 - thickness, box.y0);
  const int left = std::min(box.x0 + thickness, box.x1);
  const int right = std::max(box.x1 - thickness, box.x0);
  FillBox({box.x0, box.y0, box.x1, top}, color, image);
  FillBox({box.x0, bottom, box.x1, box.y1}, color, image);
  FillBox({box.x0, box.y0, left, box.y1}, color, image);
  FillBox({right, box.y0, box.x1, box.y1}, color, image);
}

}  // namespace fcis
