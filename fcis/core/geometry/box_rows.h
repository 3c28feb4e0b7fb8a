// Boxes as rows of a tensor, x0, y0, x1, y1: what ops take and give.
#ifndef FCIS_CORE_GEOMETRY_BOX_ROWS_H_
#define FCIS_CORE_GEOMETRY_BOX_ROWS_H_

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

// -> f32 [n,4]; a copy.
Tensor RowsOfBoxes(absl::Span<const Box> boxes);

// rows: f32 [n,4] in host memory, which must live as long as the result.
absl::Span<const Box> BoxesOfRows(const Tensor& rows);
absl::Span<Box> MutableBoxesOfRows(Tensor* rows);

}  // namespace fcis

#endif  // FCIS_CORE_GEOMETRY_BOX_ROWS_H_
