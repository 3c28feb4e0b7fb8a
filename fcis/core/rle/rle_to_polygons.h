// Masks to polygons: the way back from rle_polygon.h.
#ifndef FCIS_CORE_RLE_RLE_TO_POLYGONS_H_
#define FCIS_CORE_RLE_RLE_TO_POLYGONS_H_

#include <vector>

#include "fcis/core/rle/rle.h"

namespace fcis {

// The boundary of a mask along the edges of its pixels, as COCO's
// "segmentation" has it: x0, y0, x1, y1, ... in whole pixels, from 0 to width
// and height, without repeating the first vertex. One polygon per 4-connected
// part, by its leftmost column and, of that, the topmost pixel; a hole is
// joined to what surrounds it by a vertical cut that is walked both ways, since
// the polygons of a segmentation are united. Edges are horizontal and vertical
// by turns.
//
// PolygonsToRles draws exactly the mask again, whatever it is (for a side
// beyond 429496729 pixels that refuses the coordinates). No foreground, no
// polygons. Memory: 24 bytes for each run of foreground in each column.
std::vector<std::vector<double>> RleToPolygons(const Rle& rle);

}  // namespace fcis

#endif  // FCIS_CORE_RLE_RLE_TO_POLYGONS_H_
