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

namespace {

// Walks over the rows; `runs` counts the mask's pixels since the last other one
// in each column.
void MarkBeginnings(const uint8_t* bits, int width, int thickness, int* runs,
                    uint8_t* outline) {
  int run = 0;
  for (int x = 0; x < width; ++x) {
    run = bits[x] ? run + 1 : 0;
    runs[x] = bits[x] ? runs[x] + 1 : 0;
    outline[x] |= bits[x] & (run <= thickness || runs[x] <= thickness);
  }
}

void MarkRowEnds(const uint8_t* bits, int width, int thickness,
                 uint8_t* outline) {
  int run = 0;
  for (int x = width - 1; x >= 0; --x) {
    run = bits[x] ? run + 1 : 0;
    outline[x] |= bits[x] & (run <= thickness);
  }
}

}  // namespace

std::vector<uint8_t> MaskOutline(const PastedMask& mask, int thickness) {
  std::vector<uint8_t> outline(mask.bits.size());
  std::vector<int> runs(mask.width);
  const auto at = [&](int y) { return static_cast<size_t>(y) * mask.width; };
  for (int y = 0; y < mask.height; ++y) {
    MarkBeginnings(&mask.bits[at(y)], mask.width, thickness, runs.data(),
                   &outline[at(y)]);
    MarkRowEnds(&mask.bits[at(y)], mask.width, thickness, &outline[at(y)]);
  }
  runs.assign(mask.width, 0);
  for (int y = mask.height - 1; y >= 0; --y) {
    MarkBeginnings(&mask.bits[at(y)], mask.width, thickness, runs.data(),
                   &outline[at(y)]);
  }
  return outline;
}

namespace {

// Of 256 parts, those of the instance's colour inside its mask.
constexpr int kMaskOpacity = 112;

// Side of a font's dot, and of lines: 1 in small pictures, 2 at 640x480, 5 at
// 1920x1080. Letters are then about 1/45 of the picture's side high.
int DotSize(const Image& image) {
  const double side =
      std::sqrt(static_cast<double>(image.height) * image.width);
  return std::max(1, static_cast<int>(std::lround(side / 320)));
}

uint8_t Blend(uint8_t below, uint8_t above) {
  return static_cast<uint8_t>(
      (below * (256 - kMaskOpacity) + above * kMaskOpacity + 128) >> 8);
}

void FillMask(const PastedMask& mask, const Color& color, Image* image) {
  const uint8_t* bits = mask.bits.data();
  for (int y = 0; y < mask.height; ++y, bits += mask.width) {
    uint8_t* out = image->row(mask.y0 + y) + int64_t{3} * mask.x0;
    for (int x = 0; x < mask.width; ++x, out += 3) {
      if (!bits[x]) continue;
      out[0] = Blend(out[0], color.r);
      out[1] = Blend(out[1], color.g);
      out[2] = Blend(out[2], color.b);
    }
  }
}

void OutlineMask(const PastedMask& mask, int thickness, const Color& color,
                 Image* image) {
  const std::vector<uint8_t> outline = MaskOutline(mask, thickness);
  const uint8_t* bits = outline.data();
  for (int y = 0; y < mask.height; ++y, bits += mask.width) {
    uint8_t* out = image->row(mask.y0 + y) + int64_t{3} * mask.x0;
    for (int x = 0; x < mask.width; ++x, out += 3) {
      if (!bits[x]) continue;
      out[0] = color.r;
      out[1] = color.g;
      out[2] = color.b;
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
    FillMask(*instances[i].mask, color(i), image);
  }
  for (int i = 0; i < n; ++i) {
    if (instances[i].mask != nullptr) {
      OutlineMask(*instances[i].mask, dot, color(i), image);
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
