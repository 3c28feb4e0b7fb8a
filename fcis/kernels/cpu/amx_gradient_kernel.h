// What amx_gradient.h is made of: products of tiles on one thread, and the
// packing of maps for them. Needs AMX_BF16 and AVX512_BF16; nothing here is
// inline, so that no code for one CPU is linked into what runs on another.
#ifndef FCIS_KERNELS_CPU_AMX_GRADIENT_KERNEL_H_
#define FCIS_KERNELS_CPU_AMX_GRADIENT_KERNEL_H_

#include <cstdint>

namespace fcis::kernels {

// Rows and columns of a tile of sums, and products that a tile of operands
// brings to each of them.
inline constexpr int64_t kAmxBlock = 16;
inline constexpr int64_t kAmxDepth = 32;
// Floats of a tile of sums; bf16 of a tile of operands.
inline constexpr int64_t kAmxSums = kAmxBlock * kAmxBlock;
inline constexpr int64_t kAmxOperands = kAmxBlock * kAmxDepth;

// to[c * stride + k] = pixels[k][c] for kAmxDepth pixels and kAmxBlock
// channels; those from `channels` on are 0. stride: of `to`, in elements.
void AmxTranspose(const uint16_t* const* pixels, int64_t channels, uint16_t* to,
                  int64_t stride);

// A tile of right operands: tile[k / 2][c][k % 2] = pixels[k][c], as above.
// Adds the pixels to the kAmxBlock floats of `sums`.
void AmxInterleave(const uint16_t* const* pixels, int64_t channels,
                   uint16_t* tile, float* sums);

// sums[m][n] = or += left[m] * right[n], over `steps` times kAmxDepth: up to
// 2x2 tiles of sums, each of consecutive floats.
struct AmxProduct {
  int64_t rows, columns;  // of tiles: 1 or 2
  int64_t steps;
  const uint16_t* left;  // [rows * kAmxBlock, steps * kAmxDepth]
  int64_t left_stride;   // from one row to the next, in bytes
  const uint16_t* right;
  int64_t right_stride;  // from a column's tiles to the next one's, in elements
  float* sums;
  int64_t row_stride, column_stride;  // from tile to tile, in floats
  bool add;
};
void AmxMultiply(const AmxProduct& product);

// Before a thread's first product and after its last one.
void AmxBegin();
void AmxEnd();

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_AMX_GRADIENT_KERNEL_H_
