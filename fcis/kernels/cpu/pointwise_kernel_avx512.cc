#include "fcis/kernels/cpu/pointwise_kernel_avx512.h"

#include <immintrin.h>

namespace fcis::kernels {
namespace {

using V = __m512;

constexpr int64_t kBlock = kPointwiseBlock;
constexpr int64_t kKernel = kBlock * kBlock;
constexpr int kRows = 14;    // pixels at a time: with two blocks of outputs,
constexpr int kColumns = 2;  // a broadcast and two weights 31 registers

inline __attribute__((always_inline)) V Load(const float* p) {
  return _mm512_loadu_ps(p);
}

// Of kR pixels and kC blocks of outputs, from `pixel` and `output` on; channels
// of [begin, end) blocks, which are summed in order.
template <int kR, int kC>
void Product(const PointwiseTask& t, int64_t pixel, int64_t output,
             int64_t begin, int64_t end) {
  const int64_t plane = t.pixels * kBlock;
  const int64_t at = output * plane + pixel * kBlock;
  V sums[kR][kC];
#pragma GCC unroll 2
  for (int c = 0; c < kC; ++c) {
    const V bias = Load(t.bias + (output + c) * kBlock);
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      const int64_t place = at + c * plane + r * kBlock;
      if (begin > 0) {
        sums[r][c] = Load(t.y + place);
      } else {
        sums[r][c] = t.added == nullptr ? bias : bias + Load(t.added + place);
      }
      if (t.gate != nullptr) __builtin_prefetch(t.gate + place);
    }
  }
  const float* x = t.x + begin * plane + pixel * kBlock;
  const float* w = t.weights + (output * t.blocks + begin) * kKernel;
  const int64_t beside = t.blocks * kKernel;
  for (int64_t b = begin; b < end; ++b) {
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) __builtin_prefetch(x + plane + r * kBlock);
#pragma GCC unroll 2
    for (int i = 0; i < kBlock; ++i) {
      V right[kC];
#pragma GCC unroll 2
      for (int c = 0; c < kC; ++c) {
        const float* const from = w + c * beside + i * kBlock;
        right[c] = Load(from);
        __builtin_prefetch(from + kKernel);
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
    w += kKernel;
  }
  const bool last = end == t.blocks;
  const V zero = _mm512_setzero_ps();
#pragma GCC unroll 2
  for (int c = 0; c < kC; ++c) {
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      const int64_t place = at + c * plane + r * kBlock;
      V sum = sums[r][c];
      if (last && t.relu) sum = sum > zero ? sum : zero;
      if (last && t.gate != nullptr) {
        sum = _mm512_maskz_mov_ps(
            _mm512_cmp_ps_mask(Load(t.gate + place), zero, _CMP_GT_OQ), sum);
      }
      _mm512_storeu_ps(t.y + place, sum);
    }
  }
}

// `rows` <= kMost at run time.
template <int kMost, int kC>
void ProductOf(int64_t rows, const PointwiseTask& t, int64_t pixel,
               int64_t output, int64_t begin, int64_t end) {
  if constexpr (kMost > 1) {
    if (rows < kMost) {
      return ProductOf<kMost - 1, kC>(rows, t, pixel, output, begin, end);
    }
  }
  Product<kMost, kC>(t, pixel, output, begin, end);
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

void PointwiseAvx512(const PointwiseTask& t) {
  // Channels that are summed at a time, so that maps and weights of a share
  // stay in the L2 cache; of fewer, sums are kept in registers.
  constexpr int64_t kMostBlocks = 128, kUsualBlocks = 64;
  const int64_t pixels = t.end_pixel - t.first_pixel;
  const int64_t strips = (pixels + kRows - 1) / kRows;
  const int64_t step = t.blocks > kMostBlocks ? kUsualBlocks : kMostBlocks;
  for (int64_t begin = 0; begin < t.blocks; begin += step) {
    const int64_t end = t.blocks - begin < step ? t.blocks : begin + step;
    for (int64_t o = t.first_output; o < t.end_output; o += kColumns) {
      for (int64_t s = 0; s < strips; ++s) {
        const int64_t first = pixels * s / strips;
        const int64_t rows = pixels * (s + 1) / strips - first;
        if (t.end_output - o > 1) {
          ProductOf<kRows, 2>(rows, t, t.first_pixel + first, o, begin, end);
        } else {
          ProductOf<kRows, 1>(rows, t, t.first_pixel + first, o, begin, end);
        }
      }
    }
  }
}

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
