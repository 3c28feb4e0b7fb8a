#include "fcis/core/tensor/layout.h"

#include "absl/base/internal/raw_logging.h"

namespace fcis {
namespace {

// [n][rows][columns] -> [n][columns][rows].
Tensor SwapInner(const Tensor& t, int64_t rows, int64_t columns,
                 const Shape& shape) {
  ABSL_RAW_CHECK(t.shape().rank() == 4, "expected rank 4");
  Tensor out(shape);
  const float* in = t.data<float>();
  float* to = out.mutable_data<float>();
  for (int64_t n = 0; n < t.dim(0); ++n) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) to[c * rows + r] = *in++;
    }
    to += rows * columns;
  }
  return out;
}

}  // namespace

Tensor NhwcToNchw(const Tensor& t) {
  return SwapInner(t, t.dim(1) * t.dim(2), t.dim(3),
                   {t.dim(0), t.dim(3), t.dim(1), t.dim(2)});
}

Tensor NchwToNhwc(const Tensor& t) {
  return SwapInner(t, t.dim(1), t.dim(2) * t.dim(3),
                   {t.dim(0), t.dim(2), t.dim(3), t.dim(1)});
}

}  // namespace fcis
