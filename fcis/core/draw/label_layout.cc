#include "fcis/core/draw/label_layout.h"

#include <algorithm>

namespace fcis {
namespace {

bool Overlap(const PixelBox& a, const PixelBox& b) {
  return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1;
}

}  // namespace

PixelBox LabelLayout::KeepInside(int x, int y, int width, int height) const {
  const int x0 = std::max(0, std::min(x, width_ - width));
  const int y0 = std::max(0, std::min(y, height_ - height));
  return {x0, y0, x0 + width, y0 + height};
}

bool LabelLayout::IsFree(const PixelBox& place) const {
  return std::none_of(taken_.begin(), taken_.end(), [&](const PixelBox& other) {
    return Overlap(place, other);
  });
}

PixelBox LabelLayout::Place(const PixelBox& box, int width, int height) {
  std::vector<PixelBox> places = {
      KeepInside(box.x0, box.y0 - height, width, height),
      KeepInside(box.x0, box.y1, width, height),
      KeepInside(box.x0, box.y0, width, height),
      KeepInside(box.x1 - width, box.y0, width, height),
      KeepInside(box.x0, box.y1 - height, width, height)};
  // Then down from the top, and up from there.
  for (int y = box.y0; y < height_; y += std::max(height, 1)) {
    places.push_back(KeepInside(box.x0, y, width, height));
  }
  for (int y = box.y0; y > 0; y -= std::max(height, 1)) {
    places.push_back(KeepInside(box.x0, y - height, width, height));
  }
  const auto free =
      std::find_if(places.begin(), places.end(),
                   [this](const PixelBox& place) { return IsFree(place); });
  const PixelBox place = free == places.end() ? places.front() : *free;
  taken_.push_back(place);
  return place;
}

}  // namespace fcis
