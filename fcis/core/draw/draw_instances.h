// Drawing what was found into the picture.
#ifndef FCIS_CORE_DRAW_DRAW_INSTANCES_H_
#define FCIS_CORE_DRAW_DRAW_INSTANCES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/image.h"
#include "fcis/core/mask/paste.h"

namespace fcis {

// Gives each label of one picture its place, in the order of the calls, so that
// they can be read.
class LabelLayout {
 public:
  LabelLayout(int picture_height, int picture_width)
      : height_(picture_height), width_(picture_width) {}

  // The place of a label of width x height pixels for an instance in `box`:
  // above the box, else below, inside at its corners, or as near below the
  // box's top as possible; the first of these that covers no earlier label.
  // Always inside the picture, as far as the label is not larger than that;
  // where nothing is free it covers others.
  PixelBox Place(const PixelBox& box, int width, int height);

 private:
  PixelBox KeepInside(int x, int y, int width, int height) const;
  bool IsFree(const PixelBox& place) const;

  int height_, width_;
  std::vector<PixelBox> taken_;
};

// The outline of an instance: 1 for the mask's pixels that have something else
// (or the border of the mask's box) at most `thickness` (>= 1) steps away, up,
// down, left or right; [height][width] as mask.bits.
std::vector<uint8_t> MaskOutline(const PastedMask& mask, int thickness);

struct DrawInstance {
  Box box;  // finite; pixels of the picture, what lies outside is not drawn
  const PastedMask* mask = nullptr;  // in the picture; null: none
  std::string label;  // drawn as PrintableAscii has it, cut to the picture
  int color = -1;     // its number (InstanceColor); -1: its place in the list
};

// "cat 0.93".
std::string ScoreLabel(absl::string_view name, double score);

// Each instance in its colour: its
// mask filled translucently and outlined, its box, and its label on a filled
// background, above the box or wherever it covers no other label. Lines and
// letters grow with the picture. Touches the instances' boxes and labels only.
void DrawInstances(absl::Span<const DrawInstance> instances, Image* image);

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_DRAW_INSTANCES_H_
