#include "fcis/kernels/cpu/amx_gradient_kernel.h"

#include <immintrin.h>

#include "fcis/kernels/cpu/transpose_impl.h"

namespace fcis::kernels {
namespace {

// Loads and stores of tiles say nothing to the compiler of what they read.
inline __attribute__((always_inline)) void Fence() {
  asm volatile("" ::: "memory");
}

__mmask16 MaskOf(int64_t channels) {
  return channels >= kAmxBlock ? __mmask16{0xffff}
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

// The tiles: sums 0 to 3, left 4 and 5, right 6 and 7.
template <int kRows, int kColumns>
inline __attribute__((always_inline)) void Multiply(const AmxProduct& p) {
  constexpr int64_t kLine = 64;
  float* const sums = p.sums;
  float* const next_row = sums + p.row_stride;
  if (p.add) {
    _tile_loadd(0, sums, kLine);
    if (kColumns > 1) _tile_loadd(1, sums + p.column_stride, kLine);
    if (kRows > 1) _tile_loadd(2, next_row, kLine);
    if (kRows > 1 && kColumns > 1) {
      _tile_loadd(3, next_row + p.column_stride, kLine);
    }
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  const uint16_t *left = p.left, *right = p.right;
  const uint16_t* const below = left + kAmxBlock * (p.left_stride / 2);
  const uint16_t* const beside = right + p.right_stride;
  for (int64_t s = 0; s < p.steps; ++s) {
    _tile_loadd(6, right + s * kAmxOperands, kLine);
    _tile_loadd(4, left + s * kAmxDepth, p.left_stride);
    _tile_dpbf16ps(0, 4, 6);
    if (kColumns > 1) {
      _tile_loadd(7, beside + s * kAmxOperands, kLine);
      _tile_dpbf16ps(1, 4, 7);
    }
    if (kRows > 1) {
      _tile_loadd(5, below + s * kAmxDepth, p.left_stride);
      _tile_dpbf16ps(2, 5, 6);
      if (kColumns > 1) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, sums, kLine);
  if (kColumns > 1) _tile_stored(1, sums + p.column_stride, kLine);
  if (kRows > 1) _tile_stored(2, next_row, kLine);
  if (kRows > 1 && kColumns > 1) {
    _tile_stored(3, next_row + p.column_stride, kLine);
  }
}

}  // namespace

void AmxTranspose(const uint16_t* const* pixels, int64_t channels, uint16_t* to,
                  int64_t stride) {
  const __mmask16 mask = MaskOf(channels);
  __m512i rows[kAmxBlock];
#pragma GCC unroll 16
  for (int i = 0; i < kAmxBlock; ++i) {
    rows[i] = Pair(pixels + 2 * i, mask);
  }
  Transpose16(rows);
#pragma GCC unroll 16
  for (int i = 0; i < kAmxBlock; ++i) {
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
  for (int i = 0; i < kAmxBlock; ++i) {
    const __m512i pair = Pair(pixels + 2 * i, mask);
    sum = _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(pair), ones);
    _mm512_storeu_si512(tile + i * kAmxDepth, pair);
  }
  _mm512_storeu_ps(sums, sum);
}

void AmxMultiply(const AmxProduct& p) {
  Fence();
  if (p.rows > 1) {
    p.columns > 1 ? Multiply<2, 2>(p) : Multiply<2, 1>(p);
  } else {
    p.columns > 1 ? Multiply<1, 2>(p) : Multiply<1, 1>(p);
  }
}

void AmxBegin() {
  struct {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } config;
  static_assert(sizeof(config) == 64, "as ldtilecfg reads it");
  Fence();
  asm volatile("ldtilecfg %0" ::"m"(config));
}

void AmxEnd() { _tile_release(); }

}  // namespace fcis::kernels
