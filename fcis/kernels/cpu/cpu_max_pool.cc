#include "fcis/kernels/cpu/cpu_max_pool.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"

namespace fcis::kernels {
namespace {

FCIS_MULTIVERSION void MaxInto(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = y[i] < x[i] ? x[i] : y[i];
}

FCIS_MULTIVERSION void MaxInto(const uint8_t* x, int64_t n, uint8_t* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = y[i] < x[i] ? x[i] : y[i];
}

// bf16 compared as floats; the winner's bits are kept.
FCIS_MULTIVERSION void MaxInto(const uint16_t* x, int64_t n, uint16_t* y) {
  for (int64_t i = 0; i < n; ++i) {
    y[i] = FromBf16(y[i]) < FromBf16(x[i]) ? x[i] : y[i];
  }
}

// One output row: y starts as the window's first pixel, then takes the rest.
template <typename T>
void PoolRow(const MaxPoolParams& p, const Tensor& x, int64_t n, int64_t oy,
             int64_t width, T* y) {
  const int64_t channels = x.dim(3);
  const int64_t y0 = oy * p.stride;
  const int64_t y1 = std::min(y0 + p.kernel, x.dim(1));
  for (int64_t ox = 0; ox < width; ++ox, y += channels) {
    const int64_t x0 = ox * p.stride;
    const int64_t x1 = std::min(x0 + p.kernel, x.dim(2));
    const T* image = x.data<T>() + n * x.dim(1) * x.dim(2) * channels;
    std::memcpy(y, image + (y0 * x.dim(2) + x0) * channels,
                channels * sizeof(T));
    for (int64_t iy = y0; iy < y1; ++iy) {
      for (int64_t ix = x0; ix < x1; ++ix) {
        if (iy == y0 && ix == x0) continue;
        MaxInto(image + (iy * x.dim(2) + ix) * channels, channels, y);
      }
    }
  }
}

template <typename T>
void Run(const MaxPoolParams& params, const Tensor& x, Tensor* y) {
  const int64_t height = y->dim(1), width = y->dim(2);
  T* to = y->mutable_data<T>();
  ParallelFor(y->dim(0) * height, 4, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      PoolRow(params, x, row / height, row % height, width,
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
