// Transposes 16x16 words in registers; for files that are compiled for AVX-512.
#ifndef FCIS_KERNELS_CPU_TRANSPOSE_IMPL_H_
#define FCIS_KERNELS_CPU_TRANSPOSE_IMPL_H_

#include <immintrin.h>

#include <cstdint>

namespace fcis::kernels {
namespace {

// Swaps the blocks of kStep words beside the diagonal of every two such.
template <int kStep>
inline __attribute__((always_inline)) void SwapBlocks(__m512i* rows) {
  alignas(64) int32_t first[16], second[16];
  for (int l = 0; l < 16; ++l) {
    const bool far = (l & kStep) != 0;
    first[l] = far ? 16 + l - kStep : l;
    second[l] = far ? 16 + l : l + kStep;
  }
  const __m512i of_first = _mm512_load_si512(first);
  const __m512i of_second = _mm512_load_si512(second);
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    if ((i & kStep) != 0) continue;
    const __m512i a = rows[i], b = rows[i + kStep];
    rows[i] = _mm512_permutex2var_epi32(a, of_first, b);
    rows[i + kStep] = _mm512_permutex2var_epi32(a, of_second, b);
  }
}

inline __attribute__((always_inline)) void Transpose16(__m512i* rows) {
  SwapBlocks<8>(rows);
  SwapBlocks<4>(rows);
  SwapBlocks<2>(rows);
  SwapBlocks<1>(rows);
}

}  // namespace
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_TRANSPOSE_IMPL_H_
