// Products of matrices whose elements are whole numbers of 16 bits, for the
// narrow tasks of wino_kernel.h. Of those, which VNNI multiplies as fast as
// bf16, 15 bits carry what bf16 has 8 for: enough for what the transformations
// make of a rounding. Included as wino_kernel_impl.h.
#ifndef FCIS_KERNELS_CPU_WINO_NARROW_IMPL_H_
#define FCIS_KERNELS_CPU_WINO_NARROW_IMPL_H_

#include <immintrin.h>

#include <cstdint>

#include "fcis/kernels/cpu/wino_avx512.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/cpu/wino_kernel_impl.h"

namespace fcis::kernels {
namespace {

// Arrays of __m512i, of other elements than the products, GCC keeps in memory.
using Whole = int32_t __attribute__((vector_size(64)));

struct WinoNarrowProducts {
  using S = Avx512;
  using V = S::V;
  static constexpr int kLength = S::kLength;
  static constexpr int kVectors = S::kVectors;
  static constexpr int kWidth = kLength * kVectors;

  // A sum of squares to the factor that takes its root to `most`; 0 of 0.
  static FCIS_WINO_INLINE V Enlarging(V squares, V root, float most) {
    return _mm512_maskz_div_ps(
        _mm512_cmp_ps_mask(squares, S::Set(0), _CMP_NEQ_UQ), S::Set(most),
        root);
  }

  // Of numbers' sum of squares and largest size: what `size` stands for when
  // they are whole. Of the two limits the one that is met first: the root of
  // the sum is `size`, or the largest number has 16 bits.
  static FCIS_WINO_INLINE V Root(V squares, V most, float size) {
    constexpr float kMost = 32767;
    return _mm512_max_ps(most * S::Set(size / kMost), _mm512_sqrt_ps(squares));
  }

  // Side by side, as what is multiplied with a pair.
  static FCIS_WINO_INLINE void StorePair(V one, V other, int16_t* to) {
    const __m512i low = _mm512_cvtps_epi32(one);
    const __m512i high = _mm512_cvtps_epi32(other);
    _mm512_storeu_si512(to, _mm512_mask_blend_epi16(
                                0xaaaaaaaa, low, _mm512_slli_epi32(high, 16)));
  }

  // Whole numbers of some rows, and of columns with a factor for each behind
  // them; the rows' factors.
  struct Operands {
    const int16_t *a, *b;
    int64_t a_row, a_pair;  // from one row of a, one pair, to the next
    int64_t pairs;          // of what is summed
    const float* factors;
    bool add;
    // What is needed next of rows, a line for each pair, and of columns.
    const int16_t *next_rows, *next;
    int64_t step;
    float* to;
  };

  // [kRowsOf, pairs] x [pairs, kVectorsOf vectors], set or added. Meanwhile
  // comes what is needed next.
  template <int kRowsOf, int kVectorsOf>
  static void Product(const Operands& o) {
    constexpr int64_t kLineOf16 = 32;  // elements of a cache line
    Whole sums[kRowsOf][kVectorsOf];
#pragma GCC unroll 16
    for (int r = 0; r < kRowsOf; ++r) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsOf; ++v) sums[r][v] = Whole{};
    }
    const int16_t* b = o.b;
    const int16_t* a = o.a;
    const int16_t *next = o.next, *next_rows = o.next_rows;
    for (int64_t k = 0; k < o.pairs; ++k) {
      __builtin_prefetch(next, 0, 2);
      __builtin_prefetch(next_rows);
      next += o.step;
      next_rows += kLineOf16;
      __m512i right[kVectorsOf];
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsOf; ++v) {
        right[v] = _mm512_loadu_si512(b + 2 * v * kLength);
      }
      b += 2 * kVectorsOf * kLength;
#pragma GCC unroll 16
      for (int r = 0; r < kRowsOf; ++r) {
        int pair;
        __builtin_memcpy(&pair, a + r * o.a_row, sizeof(pair));
        const __m512i left = _mm512_set1_epi32(pair);
#pragma GCC unroll 4
        for (int v = 0; v < kVectorsOf; ++v) {
          sums[r][v] = reinterpret_cast<Whole>(_mm512_dpwssd_epi32(
              reinterpret_cast<__m512i>(sums[r][v]), left, right[v]));
        }
      }
      a += o.a_pair;
    }
    const auto* const of_columns = reinterpret_cast<const float*>(b);
#pragma GCC unroll 16
    for (int r = 0; r < kRowsOf; ++r) {
      const V of_row = S::Set(o.factors[r]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectorsOf; ++v) {
        float* const to = o.to + r * kWidth + v * kLength;
        const V factor = of_row * S::Load(of_columns + v * kLength);
        const V sum = _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sums[r][v]));
        S::Store(to, o.add ? S::Fma(sum, factor, S::Load(to)) : sum * factor);
      }
    }
  }
};

}  // namespace
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_NARROW_IMPL_H_
