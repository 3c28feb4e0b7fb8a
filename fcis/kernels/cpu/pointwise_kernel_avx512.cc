#include "fcis/kernels/cpu/pointwise_kernel_avx512.h"

#include <immintrin.h>

namespace fcis::kernels {
namespace {

using V = __m512;

constexpr int64_t kBlock = kPointwiseBlock;
constexpr int64_t kKernel = kBlock * kBlock;
inline __attribute__((always_inline)) V Load(const float* p) {
  return _mm512_loadu_ps(p);
}

// gweights of kR channels from `row` of a block on, and kC blocks of outputs.
template <int kR, int kC>
inline __attribute__((always_inline)) void GradientProduct(
    const PointwiseGradientTask& t, const float* x, const float* gy,
    int64_t count, bool add, float* to) {
  const int64_t plane = t.pixels * kBlock, beside = t.blocks * kKernel;
  V sums[kR][kC];
#pragma GCC unroll 8
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 3
    for (int c = 0; c < kC; ++c) {
      sums[r][c] =
          add ? Load(to + c * beside + r * kBlock) : _mm512_setzero_ps();
    }
  }
  for (int64_t p = 0; p < count; ++p) {
    V right[kC];
#pragma GCC unroll 3
    for (int c = 0; c < kC; ++c) right[c] = Load(gy + c * plane + p * kBlock);
    __builtin_prefetch(x + (p + count) * kBlock);
#pragma GCC unroll 8
    for (int r = 0; r < kR; ++r) {
      const V left = _mm512_set1_ps(x[p * kBlock + r]);
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

// All the share's channels of kC blocks of outputs, over `count` pixels.
template <int kC>
void GradientPanel(const PointwiseGradientTask& t, int64_t output,
                   int64_t first, int64_t count, bool add) {
  constexpr int kHalf = kBlock / 2;
  const float* const gy = t.gy + (output * t.pixels + first) * kBlock;
  for (int64_t b = t.first_block; b < t.end_block; ++b) {
    for (int64_t half = 0; half < kBlock; half += kHalf) {
      GradientProduct<kHalf, kC>(
          t, t.x + (b * t.pixels + first) * kBlock + half, gy, count, add,
          t.gweights + (output * t.blocks + b) * kKernel + half * kBlock);
    }
  }
  if (t.gbias == nullptr) return;
  for (int c = 0; c < kC; ++c) {
    float* const to = t.gbias + (output + c) * kBlock;
    V sum = add ? Load(to) : _mm512_setzero_ps();
    for (int64_t p = 0; p < count; ++p) {
      sum = sum + Load(gy + (c * t.pixels + p) * kBlock);
    }
    _mm512_storeu_ps(to, sum);
  }
}

}  // namespace

void PointwiseGradientAvx512(const PointwiseGradientTask& t) {
  // Pixels whose gy stays in the L1 cache.
  constexpr int64_t kPixels = 128;
  const int64_t parts = (t.pixels + kPixels - 1) / kPixels;
  for (int64_t part = 0; part < parts; ++part) {
    const int64_t first = t.pixels * part / parts;
    const int64_t count = t.pixels * (part + 1) / parts - first;
    const bool add = t.add || part > 0;
    for (int64_t o = t.first_output; o < t.end_output; o += kPointwiseOutputs) {
      switch (t.end_output - o) {
        case 1:
          GradientPanel<1>(t, o, first, count, add);
          break;
        case 2:
          GradientPanel<2>(t, o, first, count, add);
          break;
        default:
          GradientPanel<kPointwiseOutputs>(t, o, first, count, add);
      }
    }
  }
}

}  // namespace fcis::kernels
