// The vectors of wino_kernel_impl.h in AVX-512.
#ifndef FCIS_KERNELS_CPU_WINO_AVX512_H_
#define FCIS_KERNELS_CPU_WINO_AVX512_H_

#include <immintrin.h>

#include <cstdint>

#include "fcis/kernels/cpu/wino_kernel_impl.h"

namespace fcis::kernels {
namespace {

struct Avx512 {
  using V = __m512;
  static constexpr int kLength = 16;
  // 28 sums, a broadcast and two rights in 32 registers.
  static constexpr int kTiles = 14, kVectors = 2;

  static FCIS_WINO_INLINE V Load(const float* p) { return _mm512_loadu_ps(p); }
  static FCIS_WINO_INLINE V Load(const uint16_t* p) {
    // Without a mask GCC 12 warns about registers that are not set.
    constexpr __mmask16 kAll = 0xffff;
    const __m256i bf16 =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(_mm512_maskz_slli_epi32(
        kAll, _mm512_maskz_cvtepu16_epi32(kAll, bf16), 16));
  }
  static FCIS_WINO_INLINE void Store(float* p, V v) { _mm512_storeu_ps(p, v); }
  static FCIS_WINO_INLINE V Set(float f) { return _mm512_set1_ps(f); }
  static FCIS_WINO_INLINE V Fma(V a, V b, V c) {
    return _mm512_fmadd_ps(a, b, c);
  }
};

}  // namespace
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_AVX512_H_
