#include "fcis/kernels/cpu/conv_maps.h"

#include <algorithm>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
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

// Calls visit(pixel of `few`, pixel of the map of shape x, bytes of both) for
// the pixels, stride apart, that both have, of all blocks of channels.
template <typename Visit>
void ForEachPixel(const Tensor& few, const Shape& x, int stride,
                  const Visit& visit) {
  const int64_t block = ChannelBlock(few);
  const int64_t blocks = NumBlocks(few.dim(3), block);
  const int64_t rows = few.dim(1), columns = few.dim(2);
  ParallelForEach(few.dim(0) * blocks * rows, 1, [&](int64_t row) {
    const int64_t of_x =
        (row / rows * x.dim(1) + row % rows * stride) * x.dim(2);
    for (int64_t w = 0; w < columns; ++w) {
      visit(row * columns + w, of_x + w * stride,
            block * DTypeSize(few.type()));
    }
  });
}

}  // namespace

bool FitsPhases(const ConvParams& p, const Shape& weight, DType compute) {
  return compute == DType::kF32 && p.dilation > 1 && p.pad == p.dilation &&
         p.stride == 1 && weight.dim(2) == 3 && weight.dim(3) == 3;
}

bool SkipsPixels(const ConvParams& p, const Shape& weight) {
  return weight.dim(2) == 1 && weight.dim(3) == 1 && p.pad == 0 && p.stride > 1;
}

ConvParams OverMaps(ConvParams p, const Shape& weight, bool by_phases) {
  if (by_phases) p.dilation = p.pad = 1;
  if (SkipsPixels(p, weight)) p.stride = 1;
  return p;
}

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

void ParallelCopy(const Tensor& x, Tensor* y) {
  const auto* const from = static_cast<const char*>(x.raw());
  auto* const to = static_cast<char*>(y->mutable_raw());
  ParallelFor(x.num_bytes(), 1 << 18, [&](int64_t begin, int64_t end) {
    std::copy(from + begin, from + end, to + begin);
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

Tensor GatherPixels(const Tensor& x, const Shape& y, int stride) {
  const Shape shape = {y.dim(0), y.dim(1), y.dim(2), x.dim(3)};
  Tensor pixels = AllocateIn(x.layout(), shape, x.type());
  const auto* const from = static_cast<const char*>(x.raw());
  auto* const to = static_cast<char*>(pixels.mutable_raw());
  ForEachPixel(pixels, x.shape(), stride,
               [=](int64_t few, int64_t all, int64_t size) {
                 std::copy_n(from + all * size, size, to + few * size);
               });
  return pixels;
}

Tensor ScatterPixels(const Tensor& pixels, const Shape& x, int stride) {
  Tensor map = AllocateIn(pixels.layout(), x, pixels.type());
  const auto* const from = static_cast<const char*>(pixels.raw());
  auto* const to = static_cast<char*>(map.mutable_raw());
  ParallelFor(map.num_bytes(), 1 << 16, [&](int64_t begin, int64_t end) {
    std::fill_n(to + begin, end - begin, 0);
  });
  ForEachPixel(pixels, x, stride, [=](int64_t few, int64_t all, int64_t size) {
    std::copy_n(from + few * size, size, to + all * size);
  });
  return map;
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
