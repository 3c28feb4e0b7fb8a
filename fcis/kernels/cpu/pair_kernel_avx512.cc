#include "fcis/kernels/cpu/pair_kernel_avx512.h"

#include <immintrin.h>

#include "fcis/kernels/cpu/fixed_count_impl.h"

namespace fcis::kernels {
namespace {

using V = __m512;

// 28 sums, a broadcast and two rights in 32 registers.
constexpr int kRows = 14, kHalves = kPairColumns / kPairHalf;

inline __attribute__((always_inline)) __m512bh LoadPairs(const uint16_t* p) {
  return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p));
}

template <int kR, bool kListed>
void Product(const PairTask& t, const uint16_t* a, int64_t row) {
  float* to[kR];
  V sums[kR][kHalves];
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
    to[r] =
        t.to + (t.to_rows == nullptr ? row + r : t.to_rows[row + r]) * t.to_row;
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) sums[r][h] = _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < t.pairs; ++k) {
    const uint16_t* const b = t.b + (kListed ? t.b_pairs[k] : k) * t.b_pair;
    const __m512bh right[kHalves] = {LoadPairs(b), LoadPairs(b + t.b_half)};
#pragma GCC unroll 16
    for (int r = 0; r < kR; ++r) {
      int pair;
      __builtin_memcpy(&pair, a + r * t.a_row, sizeof(pair));
      const auto left = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
#pragma GCC unroll 2
      for (int h = 0; h < kHalves; ++h) {
        sums[r][h] = _mm512_dpbf16_ps(sums[r][h], left, right[h]);
      }
    }
    a += t.a_pair;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kR; ++r) {
#pragma GCC unroll 2
    for (int h = 0; h < kHalves; ++h) {
      float* const at = to[r] + h * kPairHalf;
      _mm512_storeu_ps(at,
                       t.add ? _mm512_loadu_ps(at) + sums[r][h] : sums[r][h]);
    }
  }
}

}  // namespace

void MultiplyPairsAvx512(const PairTask& t) {
  // Strips of nearly equal numbers of rows.
  const int64_t strips = (t.rows + kRows - 1) / kRows;
  for (int64_t s = 0; s < strips; ++s) {
    const int64_t row = t.rows * s / strips;
    const uint16_t* const a = t.a + row * t.a_row;
    WithCount<kRows>(t.rows * (s + 1) / strips - row, [&](auto rows) {
      t.b_pairs == nullptr ? Product<rows.value, false>(t, a, row)
                           : Product<rows.value, true>(t, a, row);
    });
  }
}

}  // namespace fcis::kernels
