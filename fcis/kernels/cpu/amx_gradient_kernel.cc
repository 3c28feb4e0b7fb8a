#include "fcis/kernels/cpu/amx_gradient_kernel.h"

#include <immintrin.h>

#include "fcis/kernels/cpu/transpose_impl.h"

namespace fcis::kernels {
namespace {

__mmask16 MaskOf(int64_t channels) {
  return channels >= kAmxTile ? __mmask16{0xffff}
                              : static_cast<__mmask16>((1 << channels) - 1);
}

// Two pixels' channels side by side. Masks also where all are set: without,
// GCC 12 warns about registers that are not set.
inline __attribute__((always_inline)) __m512i Pair(
    const uint16_t* const* pixels, __mmask16 mask) {
  constexpr __mmask16 kAll = 0xffff;
  const __m512i even = _mm512_maskz_cvtepu16_epi32(
      kAll, _mm256_maskz_loadu_epi16(mask, pixels[0]));
  const __m512i odd = _mm512_maskz_cvtepu16_epi32(
      kAll, _mm256_maskz_loadu_epi16(mask, pixels[1]));
  return _mm512_or_si512(even, _mm512_maskz_slli_epi32(kAll, odd, 16));
}

}  // namespace

void AmxTranspose(const uint16_t* const* pixels, int64_t channels, uint16_t* to,
                  int64_t stride) {
  const __mmask16 mask = MaskOf(channels);
  __m512i rows[kAmxTile];
#pragma GCC unroll 16
  for (int i = 0; i < kAmxTile; ++i) {
    rows[i] = Pair(pixels + 2 * i, mask);
  }
  Transpose16(rows);
#pragma GCC unroll 16
  for (int i = 0; i < kAmxTile; ++i) {
    _mm512_storeu_si512(to + i * stride, rows[i]);
  }
}

void AmxInterleave(const uint16_t* const* pixels, int64_t channels,
                   uint16_t* tile, float* sums) {
  const __mmask16 mask = MaskOf(channels);
  constexpr uint32_t kOnes = 0x3f803f80;  // two of bf16
  const auto ones =
      reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(kOnes)));
  __m512 sum = _mm512_loadu_ps(sums);
#pragma GCC unroll 4
  for (int i = 0; i < kAmxTile; ++i) {
    const __m512i pair = Pair(pixels + 2 * i, mask);
    sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(pair), ones);
    _mm512_storeu_si512(tile + i * kAmxDepth, pair);
  }
  _mm512_storeu_ps(sums, sum);
}

}  // namespace fcis::kernels
