// Shapes that tools draw, as polygons.
#ifndef FCIS_DATA_CONVERT_SHAPES_H_
#define FCIS_DATA_CONVERT_SHAPES_H_

#include <vector>

#include "fcis/data/convert/foreign_set.h"

namespace fcis::data {

// The corners of the rectangle between two opposite ones.
Polygon RectanglePolygon(double x0, double y0, double x1, double y1);

// An ellipse with these radii (>= 0) along the axes: enough vertices that none
// of its arcs is further than a tenth of a pixel from its chord, 12 at least,
// 1000 at most.
Polygon EllipsePolygon(double x, double y, double rx, double ry);

// Turned about (x, y), clockwise on the screen.
Polygon Rotated(const Polygon& polygon, double degrees, double x, double y);

// The part within a picture of that size, [0, width] x [0, height]
// (Sutherland-Hodgman; where a polygon that is not convex falls into several
// parts, edges along the border join them). `polygon`: finite. Without a part
// there: empty.
Polygon ClipToPicture(const Polygon& polygon, int height, int width);

// The signed area by the shoelace formula, in square pixels.
double SignedArea(const Polygon& polygon);

// As one closed polygon, which goes from part to part along lines of no width
// between the closest vertices and back: for formats whose objects have one.
// No part: empty.
Polygon Joined(const std::vector<Polygon>& parts);

// A vertex of a picture that is stored as height x width, where EXIF's
// orientation (1 to 8, orientation.h) moves it when the picture is shown.
void TurnVertices(int orientation, int height, int width, Polygon& polygon);

}  // namespace fcis::data

#endif  // FCIS_DATA_CONVERT_SHAPES_H_
