// The boundary of a mask, the band along its inside.
#ifndef FCIS_EVAL_COCO_BOUNDARY_H_
#define FCIS_EVAL_COCO_BOUNDARY_H_

#include "fcis/core/rle/rle.h"

namespace fcis::eval {

// Width of the band in pixels: 2 % of the diagonal, rounded half to even, at
// least 1.
int BoundaryWidth(int height, int width);

// The pixels of the mask that lie within BoundaryWidth of a pixel outside of it
// (square distance; beyond the picture is outside): mask minus its erosion, as
// the boundary-iou-api has it.
Rle MaskBoundary(const Rle& rle);

}  // namespace fcis::eval

#endif  // FCIS_EVAL_COCO_BOUNDARY_H_
