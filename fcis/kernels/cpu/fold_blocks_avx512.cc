#include "fcis/kernels/cpu/fold_blocks_avx512.h"

#include <immintrin.h>

#include "fcis/kernels/cpu/transpose_impl.h"

namespace fcis::kernels {

void FoldBlocksAvx512(const float* from, const float* factors, int64_t blocks,
                      float* folded, float* transposed) {
  constexpr int kSide = 16;
  const __m512 factor = _mm512_loadu_ps(factors);
  for (int64_t b = 0; b < blocks; ++b) {
    __m512i rows[kSide];
#pragma GCC unroll 16
    for (int i = 0; i < kSide; ++i) {
      const __m512 row = _mm512_loadu_ps(from + i * kSide) * factor;
      _mm512_stream_ps(folded + i * kSide, row);
      rows[i] = _mm512_castps_si512(row);
    }
    Transpose16(rows);
#pragma GCC unroll 16
    for (int i = 0; i < kSide; ++i) {
      _mm512_stream_ps(transposed + i * kSide, _mm512_castsi512_ps(rows[i]));
    }
    from += kSide * kSide;
    folded += kSide * kSide;
    transposed += kSide * kSide;
  }
}

void FinishFoldingAvx512() { _mm_sfence(); }

}  // namespace fcis::kernels
