#include "fcis/core/testing/golden_boxes.h"

namespace fcis {

std::vector<Box> BoxesFromYxyx(const Tensor& rows) {
  std::vector<Box> boxes(rows.dim(0));
  const float* v = rows.data<float>();
  for (Box& b : boxes) {
    b = {v[1], v[0], v[3], v[2]};
    v += 4;
  }
  return boxes;
}

Tensor YxyxFromBoxes(absl::Span<const Box> boxes) {
  Tensor rows(Shape{static_cast<int64_t>(boxes.size()), 4});
  float* v = rows.mutable_data<float>();
  for (const Box& b : boxes) {
    for (const float c : {b.y0, b.x0, b.y1, b.x1}) *v++ = c;
  }
  return rows;
}

Tensor RowOf(const Tensor& t, int64_t i) {
  const Shape shape =
      Shape::FromExtents(t.shape().extents().subspan(1)).value();
  const int64_t size = shape.num_elements();
  return Tensor::FromSpan<float>(shape,
                                 t.span<float>().subspan(i * size, size));
}

}  // namespace fcis
