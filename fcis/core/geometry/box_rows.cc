#include "fcis/core/geometry/box_rows.h"

#include <algorithm>

namespace fcis {

static_assert(sizeof(Box) == 4 * sizeof(float), "a row of a tensor");

Tensor RowsOfBoxes(absl::Span<const Box> boxes) {
  Tensor rows(Shape{static_cast<int64_t>(boxes.size()), 4});
  std::copy(boxes.begin(), boxes.end(), MutableBoxesOfRows(&rows).begin());
  return rows;
}

absl::Span<const Box> BoxesOfRows(const Tensor& rows) {
  return absl::MakeConstSpan(reinterpret_cast<const Box*>(rows.data<float>()),
                             rows.dim(0));
}

absl::Span<Box> MutableBoxesOfRows(Tensor* rows) {
  return absl::MakeSpan(reinterpret_cast<Box*>(rows->mutable_data<float>()),
                        rows->dim(0));
}

}  // namespace fcis
