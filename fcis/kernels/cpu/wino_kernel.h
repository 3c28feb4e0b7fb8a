// What wino_conv.h is made of: a share of a convolution, on one thread.
// Compiled once per instruction set; nothing here is inline, so that no code
// for one CPU is linked into what runs on another.
#ifndef FCIS_KERNELS_CPU_WINO_KERNEL_H_
#define FCIS_KERNELS_CPU_WINO_KERNEL_H_

#include <cstdint>

namespace fcis::kernels {

// Outputs that lie side by side in packed weights.
inline constexpr int64_t kWinoBlock = 16;
// What scratch memory is made of: products of a pass, channels that are
// multiplied at a time (so that what is multiplied stays in the L1 cache), the
// most outputs at a time, and floats between arrays.
inline constexpr int kWinoPlanes = 12;
inline constexpr int64_t kWinoDepth = 128;
inline constexpr int64_t kWinoWidth = 32;
inline constexpr int64_t kWinoPad = 16;

// 4x4 outputs, `dilation` pixels apart, the first at (y, x); those beyond the
// map do not exist.
struct WinoTile {
  int64_t picture;
  int y, x;
};

// y = relu?(conv(x, weights) + bias) for some tiles and outputs of a 3x3
// convolution of stride 1 whose padding is its dilation. Maps are f32 in
// N,H,W,C; channels and outputs are multiples of kWinoBlock.
struct WinoTask {
  int height, width, dilation;
  int64_t channels, outputs;
  bool relu;
  const float* x;
  const float* weights;  // [outputs / kWinoBlock, channels, 9, kWinoBlock]
  const float* bias;
  const float* zeros;  // so many as channels
  float* y;
  const WinoTile* tiles;
  int num_tiles;
  int64_t first_output, end_output;  // multiples of kWinoBlock
  float* scratch;  // kWinoPlanes * (num_tiles * (channels + kWinoWidth) +
                   //                kWinoDepth * kWinoWidth + 3 * kWinoPad)
};

// The same results bit for bit: each sum has one order, of fused products.
void WinoTaskAvx2(const WinoTask& task);  // needs AVX2 and FMA
void WinoTaskAvx512(const WinoTask& task);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_KERNEL_H_
