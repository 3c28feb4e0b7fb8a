// Where labels go so that they can be read.
#ifndef FCIS_CORE_DRAW_LABEL_LAYOUT_H_
#define FCIS_CORE_DRAW_LABEL_LAYOUT_H_

#include <vector>

#include "fcis/core/geometry/pixel_box.h"

namespace fcis {

// Gives each label of one picture its place, in the order of the calls.
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

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_LABEL_LAYOUT_H_
