// The fixtures' boxes, rows of (y1, x1, y2, x2), and rows of their tensors.
#ifndef FCIS_CORE_TESTING_GOLDEN_BOXES_H_
#define FCIS_CORE_TESTING_GOLDEN_BOXES_H_

#include <vector>

#include "absl/types/span.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis {

// f32 [n,4] -> n boxes, and back.
std::vector<Box> BoxesFromYxyx(const Tensor& rows);
Tensor YxyxFromBoxes(absl::Span<const Box> boxes);

// The i-th entry of an f32 tensor's first axis.
Tensor RowOf(const Tensor& t, int64_t i);

}  // namespace fcis

#endif  // FCIS_CORE_TESTING_GOLDEN_BOXES_H_
