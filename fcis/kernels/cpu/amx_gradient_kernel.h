// The packing of maps for the products of tiles of amx_gradient.h. Needs
// AVX512_BF16; nothing here is inline, so that no code for one CPU is linked
// into what runs on another.
#ifndef FCIS_KERNELS_CPU_AMX_GRADIENT_KERNEL_H_
#define FCIS_KERNELS_CPU_AMX_GRADIENT_KERNEL_H_

#include <cstdint>

#include "fcis/kernels/cpu/amx_kernel.h"

namespace fcis::kernels {

// Products that a tile of operands brings to each sum of a tile, and its bf16.
inline constexpr int64_t kAmxDepth = 32;
inline constexpr int64_t kAmxOperands = kAmxTile * kAmxDepth;

// to[c * stride + k] = pixels[k][c] for kAmxDepth pixels and kAmxTile
// channels; those from `channels` on are 0. stride: of `to`, in elements.
void AmxTranspose(const uint16_t* const* pixels, int64_t channels, uint16_t* to,
                  int64_t stride);

// A tile of right operands: tile[k / 2][c][k % 2] = pixels[k][c], as above.
// Adds the pixels to the kAmxTile floats of `sums`.
void AmxInterleave(const uint16_t* const* pixels, int64_t channels,
                   uint16_t* tile, float* sums);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_AMX_GRADIENT_KERNEL_H_
