#include "fcis/kernels/cpu/pointwise_kernel_avx512.h"

#include <immintrin.h>

#include "fcis/kernels/cpu/fixed_count_impl.h"

namespace fcis::kernels {
namespace {

using V = __m512;

constexpr int64_t kBlock = kPointwiseBlock;
constexpr int64_t kKernel = kBlock * kBlock;
inline __attribute__((always_inline)) V Load(const float* p) {
  return _mm512_loadu_ps(p);
}

// Pixels whose gy stays in the L1 cache.
constexpr int kPixels = 128;

// Of a panel of outputs: the pixels with a gradient that is not 0. Few of those
// of the score maps have one, as the RoIs of a picture leave gaps.
struct Used {
  int pixels[kPixels];
  int count = 0;
};

template <int kC>
Used FindUsed(const float* gy, int64_t plane, int64_t count) {
  uint8_t marks[kPixels] = {};
  for (int c = 0; c < kC; ++c) MarkUsedAvx512(gy + c * plane, count, marks);
  Used used;
  for (int p = 0; p < count; ++p) {
    used.pixels[used.count] = p;
    used.count += marks[p];
  }
  return used;
}

// gweights of kR channels from x on, and kC blocks of outputs. kAll: every
// pixel is used.
template <int kR, int kC, bool kAll>
inline __attribute__((always_inline)) void Product(
    const PointwiseGradientTask& t, const float* x, const float* gy,
    const Used& used, bool add, float* to) {
  const int64_t plane = t.pixels * kBlock, beside = t.blocks * kKernel;
  const int count = used.count;
  V sums[kR][kC];
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int c = 0; c < kC; ++c) {
      sums[r][c] =
          add ? Load(to + c * beside + r * kBlock) : _mm512_setzero_ps();
    }
  }
  for (int i = 0; i < count; ++i) {
    const int64_t at = (kAll ? i : used.pixels[i]) * kBlock;
    V right[kC];
#pragma GCC unroll 3
    for (int c = 0; c < kC; ++c) right[c] = Load(gy + c * plane + at);
    if (kAll) __builtin_prefetch(x + count * kBlock + at);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const V left = _mm512_set1_ps(x[at + r]);
#pragma GCC unroll 3
      for (int c = 0; c < kC; ++c) {
        sums[r][c] = _mm512_fmadd_ps(left, right[c], sums[r][c]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int c = 0; c < kC; ++c) {
      _mm512_storeu_ps(to + c * beside + r * kBlock, sums[r][c]);
    }
  }
}

template <int kC>
void AddBias(const PointwiseGradientTask& t, const float* gy, int64_t count,
             int64_t output, bool add) {
  for (int c = 0; c < kC; ++c) {
    float* const to = t.gbias + (output + c) * kBlock;
    V sum = add ? Load(to) : _mm512_setzero_ps();
    for (int64_t p = 0; p < count; ++p) {
      sum = sum + Load(gy + (c * t.pixels + p) * kBlock);
    }
    _mm512_storeu_ps(to, sum);
  }
}

// All the share's channels of kC blocks of outputs, over `count` pixels.
template <int kC>
void Panel(const PointwiseGradientTask& t, int64_t output, int64_t first,
           int64_t count, bool add) {
  constexpr int kHalf = kBlock / 2;
  const float* const gy = t.gy + (output * t.pixels + first) * kBlock;
  if (t.gbias != nullptr) AddBias<kC>(t, gy, count, output, add);
  const Used used = FindUsed<kC>(gy, t.pixels * kBlock, count);
  if (used.count == 0 && add) return;
  for (int64_t b = t.first_block; b < t.end_block; ++b) {
    for (int64_t half = 0; half < kBlock; half += kHalf) {
      const float* const x = t.x + (b * t.pixels + first) * kBlock + half;
      float* const to =
          t.gweights + (output * t.blocks + b) * kKernel + half * kBlock;
      if (used.count == count) {
        Product<kHalf, kC, true>(t, x, gy, used, add, to);
      } else {
        Product<kHalf, kC, false>(t, x, gy, used, add, to);
      }
    }
  }
}

// Of kR pixels from `pixel` on and kC blocks of outputs.
template <int kR, int kC>
void Placed(const PlacedTask& t, int64_t pixel, int64_t output) {
  const int64_t plane = t.count * kBlock;
  const int32_t* const places = t.places + pixel;
  float* const y = t.y + output * t.pixels * kBlock;
  V sums[kR][kC];
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 2
    for (int c = 0; c < kC; ++c) {
      sums[r][c] = Load(y + (c * t.pixels + places[r]) * kBlock);
    }
  }
  const float* x = t.x + pixel * kBlock;
  const float* w = t.weights + output * t.output_stride;
  for (int64_t b = 0; b < t.blocks; ++b) {
#pragma GCC unroll 2
    for (int i = 0; i < kBlock; ++i) {
      V right[kC];
#pragma GCC unroll 2
      for (int c = 0; c < kC; ++c) {
        const float* const from = w + c * t.output_stride + i * kBlock;
        right[c] = Load(from);
        __builtin_prefetch(from + t.block_stride);
      }
#pragma GCC unroll 16
      for (int r = 0; r < kR; ++r) {
        const V left = _mm512_set1_ps(x[r * kBlock + i]);
#pragma GCC unroll 2
        for (int c = 0; c < kC; ++c) {
          sums[r][c] = _mm512_fmadd_ps(left, right[c], sums[r][c]);
        }
      }
    }
    x += plane;
    w += t.block_stride;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 2
    for (int c = 0; c < kC; ++c) {
      _mm512_storeu_ps(y + (c * t.pixels + places[r]) * kBlock, sums[r][c]);
    }
  }
}

}  // namespace

void AddPlacedAvx512(const PlacedTask& t) {
  // With two blocks of outputs, a broadcast and two weights 31 registers.
  constexpr int kRows = 14;
  const int64_t strips = (t.count + kRows - 1) / kRows;
  for (int64_t o = 0; o < t.outputs; o += 2) {
    for (int64_t s = 0; s < strips; ++s) {
      const int64_t first = t.count * s / strips;
      const int64_t rows = t.count * (s + 1) / strips - first;
      WithCounts<kRows, 2>(rows, t.outputs - o, [&](auto r, auto c) {
        Placed<r.value, c.value>(t, first, o);
      });
    }
  }
}

void PointwiseGradientAvx512(const PointwiseGradientTask& t) {
  const int64_t parts = (t.pixels + kPixels - 1) / kPixels;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t first = t.pixels * part / parts;
    const int64_t count = t.pixels * (part + 1) / parts - first;
    const bool add = t.add || part > 0;
    for (int64_t o = t.first_output; o < t.end_output; o += kPointwiseOutputs) {
      WithCount<kPointwiseOutputs>(t.end_output - o, [&](auto c) {
        Panel<c.value>(t, o, first, count, add);
      });
    }
  }
}

void MarkUsedAvx512(const float* pixels, int64_t count, uint8_t* used) {
  for (int64_t p = 0; p < count; ++p) {
    used[p] |= _mm512_cmp_ps_mask(Load(pixels + p * kBlock),
                                  _mm512_setzero_ps(), _CMP_NEQ_UQ) != 0;
  }
}

}  // namespace fcis::kernels
