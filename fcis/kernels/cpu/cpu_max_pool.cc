#include "fcis/kernels/cpu/cpu_max_pool.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"

namespace fcis::kernels {
namespace {

// The greater as floats; of bf16, the winner's bits.
inline float Max(float a, float b) { return a < b ? b : a; }
inline uint8_t Max(uint8_t a, uint8_t b) { return a < b ? b : a; }
inline uint16_t Max(uint16_t a, uint16_t b) {
  return FromBf16(a) < FromBf16(b) ? b : a;
}

// The pixels of a window, `wide` of each of `high` rows.
struct Window {
  int64_t high, wide, row_stride, channels;
};

// 3x3 is nearly all there is: its nine are compared in registers.
template <typename T>
inline void Pool3x3(const Window& w, const T* x, T* y) {
  for (int64_t c = 0; c < w.channels; ++c) {
    T most = x[c];
    for (int i = 1; i < 9; ++i) {
      most = Max(most, x[i / 3 * w.row_stride + i % 3 * w.channels + c]);
    }
    y[c] = most;
  }
}

template <typename T>
inline void PoolAny(const Window& w, const T* x, T* y) {
  std::memcpy(y, x, w.channels * sizeof(T));
  for (int64_t i = 1; i < w.high * w.wide; ++i) {
    const T* at = x + i / w.wide * w.row_stride + i % w.wide * w.channels;
    for (int64_t c = 0; c < w.channels; ++c) y[c] = Max(y[c], at[c]);
  }
}

// One output row from the first of its input rows, of which there are `high`.
template <typename T>
inline void PoolRow(const MaxPoolParams& p, int64_t high, int64_t in_width,
                    int64_t width, int64_t channels, const T* x, T* y) {
  for (int64_t ox = 0; ox < width; ++ox, y += channels) {
    const int64_t x0 = ox * p.stride;
    const Window window = {high, std::min<int64_t>(p.kernel, in_width - x0),
                           in_width * channels, channels};
    const T* const first = x + x0 * channels;
    if (window.high == 3 && window.wide == 3) {
      Pool3x3(window, first, y);
    } else {
      PoolAny(window, first, y);
    }
  }
}

// A function of several CPUs is no template.
#define FCIS_POOL_ROW(T)                                                 \
  FCIS_MULTIVERSION void PoolRowOf(const MaxPoolParams& p, int64_t high, \
                                   int64_t in_width, int64_t width,      \
                                   int64_t channels, const T* x, T* y) { \
    PoolRow(p, high, in_width, width, channels, x, y);                   \
  }
FCIS_POOL_ROW(float)
FCIS_POOL_ROW(uint8_t)
FCIS_POOL_ROW(uint16_t)
#undef FCIS_POOL_ROW

template <typename T>
void Run(const MaxPoolParams& params, const Tensor& x, Tensor* y) {
  const int64_t height = y->dim(1), width = y->dim(2);
  const int64_t in_row = x.dim(2) * x.dim(3);
  T* to = y->mutable_data<T>();
  ParallelForParts(y->dim(0) * height, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t first = row % height * params.stride;
      PoolRowOf(params, std::min<int64_t>(params.kernel, x.dim(1) - first),
                x.dim(2), width, y->dim(3),
                x.data<T>() + (row / height * x.dim(1) + first) * in_row,
                to + row * width * y->dim(3));
    }
  });
}

}  // namespace

void CpuMaxPool(const MaxPoolParams& params, const Tensor& x, Tensor* y) {
  (x.type() == DType::kF32  ? Run<float>
   : x.type() == DType::kU8 ? Run<uint8_t>
                            : Run<uint16_t>)(params, x, y);
}

}  // namespace fcis::kernels
