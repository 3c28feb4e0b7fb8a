#include "fcis/core/draw/draw_instances.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "fcis/core/draw/canvas.h"
#include "fcis/core/draw/palette.h"
#include "fcis/core/draw/text.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/mask/erode_line.h"

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

std::vector<uint8_t> MaskOutline(const PastedMask& mask, int thickness) {
  const uint8_t* const bits = mask.bits.data();
  const int64_t height = mask.height, width = mask.width;
  std::vector<uint8_t> rows(mask.bits.size()), outline(mask.bits.size());
  for (int64_t y = 0; y < height; ++y) {
    ErodeLine(bits + y * width, rows.data() + y * width, width, 1, thickness);
  }
  for (int64_t x = 0; x < width; ++x) {
    ErodeLine(bits + x, outline.data() + x, height, width, thickness);
  }
  for (size_t i = 0; i < outline.size(); ++i) {
    outline[i] = bits[i] & !(rows[i] & outline[i]);
  }
  return outline;
}

namespace {

// Parts of the instance's colour inside its mask, and of all that there are.
constexpr uint32_t kMaskOpacity = 112, kOpaque = 256;

// Side of a font's dot, and of lines: 1 in small pictures, 2 at 640x480, 5 at
// 1920x1080. Letters are then about 1/45 of the picture's side high.
int DotSize(const Image& image) {
  const double side =
      std::sqrt(static_cast<double>(image.height) * image.width);
  return std::max(1, static_cast<int>(std::lround(side / 320)));
}

// Of the mask's box, the pixels whose bits are set.
void Paint(const PastedMask& mask, const std::vector<uint8_t>& bits,
           const Color& color, uint32_t opacity, Image* image) {
  const auto blend = [opacity](uint8_t below, uint8_t above) {
    return static_cast<uint8_t>(
        (below * (kOpaque - opacity) + above * opacity + kOpaque / 2) /
        kOpaque);
  };
  const uint8_t* bit = bits.data();
  for (int y = 0; y < mask.height; ++y) {
    uint8_t* out = image->row(mask.y0 + y) + int64_t{3} * mask.x0;
    for (int x = 0; x < mask.width; ++x, out += 3) {
      if (!*bit++) continue;
      out[0] = blend(out[0], color.r);
      out[1] = blend(out[1], color.g);
      out[2] = blend(out[2], color.b);
    }
  }
}

PixelBox VisibleBox(const Box& box, const Image& image) {
  return RoundBox(ClipBox(box, static_cast<float>(image.width),
                          static_cast<float>(image.height)));
}

void DrawLabel(absl::string_view label, const PixelBox& box, int dot,
               const Color& color, LabelLayout* layout, Image* image) {
  const int margin = dot;
  const std::string text = PrintableAscii(label).substr(
      0, TextLengthThatFits(image->width - 2 * margin, dot));
  if (text.empty()) return;
  const PixelBox place = layout->Place(box, TextWidth(text, dot) + 2 * margin,
                                       TextHeight(dot) + 2 * margin);
  FillBox(place, color, image);
  DrawText(text, place.x0 + margin, place.y0 + margin, dot, TextColorOn(color),
           image);
}

}  // namespace

std::string ScoreLabel(absl::string_view name, double score) {
  return absl::StrFormat("%s %.2f", name, score);
}

void DrawInstances(absl::Span<const DrawInstance> instances, Image* image) {
  const int n = static_cast<int>(instances.size());
  const int dot = DotSize(*image);
  const auto color = [&](int i) {
    return InstanceColor(instances[i].color >= 0 ? instances[i].color : i);
  };
  for (int i = 0; i < n; ++i) {
    if (instances[i].mask == nullptr) continue;
    const PastedMask& mask = *instances[i].mask;
    Paint(mask, mask.bits, color(i), kMaskOpacity, image);
  }
  for (int i = 0; i < n; ++i) {
    if (instances[i].mask != nullptr) {
      const PastedMask& mask = *instances[i].mask;
      Paint(mask, MaskOutline(mask, dot), color(i), kOpaque, image);
    }
    FrameBox(VisibleBox(instances[i].box, *image), dot, color(i), image);
  }
  LabelLayout layout(image->height, image->width);
  for (int i = 0; i < n; ++i) {
    DrawLabel(instances[i].label, VisibleBox(instances[i].box, *image), dot,
              color(i), &layout, image);
  }
}

}  // namespace fcis
