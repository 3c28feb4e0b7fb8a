// Filling pixels of an Image. Whatever lies outside of the picture is not
// drawn.
#ifndef FCIS_CORE_DRAW_CANVAS_H_
#define FCIS_CORE_DRAW_CANVAS_H_

#include "fcis/core/draw/palette.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/image/image.h"

namespace fcis {

void FillBox(const PixelBox& box, const Color& color, Image* image);

// The border of the box, `thickness` pixels towards its inside.
void FrameBox(const PixelBox& box, int thickness, const Color& color,
              Image* image);

}  // namespace fcis

#endif  // FCIS_CORE_DRAW_CANVAS_H_
