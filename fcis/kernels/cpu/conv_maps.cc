#include "fcis/kernels/cpu/conv_maps.h"

#include <algorithm>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/dilation_phases.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis::kernels {
namespace {

FCIS_MULTIVERSION void AddTo(const float* x, int64_t n, float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

FCIS_MULTIVERSION void AllToBf16(const float* x, int64_t n, uint16_t* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = ToBf16(x[i]);
}

// sums[c] of rows of `channels` bf16 each; columns begin to end.
FCIS_MULTIVERSION void SumColumns(const uint16_t* x, int64_t rows,
                                  int64_t channels, int64_t begin, int64_t end,
                                  float* sums) {
  std::fill(sums + begin, sums + end, 0.0f);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = begin; c < end; ++c) {
      sums[c] += FromBf16(x[r * channels + c]);
    }
  }
}

}  // namespace

void ParallelAddTo(const float* x, int64_t n, float* y) {
  ParallelFor(n, 1 << 16, [&](int64_t begin, int64_t end) {
    AddTo(x + begin, end - begin, y + begin);
  });
}

void ParallelToBf16(const Tensor& x, Tensor* y) {
  const float* const from = x.data<float>();
  uint16_t* const to = y->mutable_data<uint16_t>();
  ParallelFor(x.num_elements(), 1 << 16, [&](int64_t begin, int64_t end) {
    AllToBf16(from + begin, end - begin, to + begin);
  });
}

void SumPixels(const Tensor& map, float* sums) {
  const int64_t channels = map.dim(3);
  const auto* from = map.data<uint16_t>();
  constexpr int64_t kGrain = 256;
  ParallelFor(channels, kGrain, [&](int64_t begin, int64_t end) {
    SumColumns(from, map.num_elements() / channels, channels, begin, end, sums);
  });
}

Tensor PixelsOf(const Tensor& x, const Shape& y, int stride) {
  if (stride == 1) return x;
  const int64_t channels = x.shape().dim(3);
  Tensor pixels({y.dim(0) * y.dim(1) * y.dim(2), channels}, DType::kBF16);
  const auto* from = static_cast<const uint16_t*>(x.raw());
  uint16_t* to = pixels.mutable_data<uint16_t>();
  ParallelFor(y.dim(0) * y.dim(1), 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t n = row / y.dim(1), h = row % y.dim(1) * stride;
      const int64_t first = (n * x.shape().dim(1) + h) * x.shape().dim(2);
      for (int64_t w = 0; w < y.dim(2); ++w) {
        std::copy_n(from + (first + w * stride) * channels, channels,
                    to + (row * y.dim(2) + w) * channels);
      }
    }
  });
  return pixels;
}

bool LeavesTaps(const ConvParams& p, const Shape& weight, const Tensor& x) {
  return x.type() == DType::kBF16 && x.dim(2) == 1 && p.stride > 1 &&
         weight.dim(3) > 1 && weight.dim(3) == 2 * p.pad + 1;
}

Tensor WithZeroColumn(const Tensor& x) {
  const int64_t pixels = x.shape().dim(0) * x.shape().dim(1);
  const int64_t channels = x.shape().dim(3);
  const Shape shape = {x.shape().dim(0), x.shape().dim(1), 2, channels};
  Tensor wide = Tensor::Zeros(shape, DType::kBF16);
  const auto* from = static_cast<const uint16_t*>(x.raw());
  uint16_t* to = wide.mutable_data<uint16_t>();
  for (int64_t i = 0; i < pixels; ++i) {
    std::copy_n(from + i * channels, channels, to + 2 * i * channels);
  }
  return wide;
}

Tensor Split(const Tensor& map, int phases) {
  Tensor split =
      AllocateIn(map.layout(), PhasesOf(map.shape(), phases), map.type());
  ToPhases(map.shape(), ChannelBlock(map), phases,
           static_cast<const float*>(map.raw()),
           static_cast<float*>(split.mutable_raw()));
  return split;
}

void Join(const Tensor& split, int phases, Tensor* map) {
  FromPhases(map->shape(), ChannelBlock(*map), phases,
             static_cast<const float*>(split.raw()),
             static_cast<float*>(map->mutable_raw()));
}

}  // namespace fcis::kernels
