// What wino_conv.h is made of: a share of a convolution, on one thread.
// Compiled once per instruction set; nothing here is inline and shared, so that
// no code for one CPU is linked into what runs on another.
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
// Of products in 16 bits: all of a tile's, and channels at a time.
inline constexpr int kWinoAllPlanes = 36;
inline constexpr int64_t kWinoNarrowDepth = 256;

// 4x4 outputs, `dilation` pixels apart, the first at (y, x); those beyond the
// map do not exist.
struct WinoTile {
  int64_t picture;
  int y, x;
};

// Of a 3x3 convolution of stride 1 whose padding is its dilation: its maps, in
// N,C / block,H,W,block, and the tiles and outputs that are asked for. Channels
// and outputs are multiples of kWinoBlock. T: of the maps, float, uint16_t,
// which is bf16, or uint8_t.
template <typename T>
struct WinoMaps {
  int height, width, dilation;
  int64_t channels, outputs;
  int64_t x_block, y_block;  // 8, 16, or all, which is N,H,W,C
  const T* x;
  const T* zeros;  // so many as channels
  const WinoTile* tiles;
  int num_tiles;
  int64_t first_output, end_output;  // multiples of kWinoBlock
};

// y = relu?(conv(x, weights) + bias).
struct WinoTask : WinoMaps<float> {
  bool relu;
  bool turned;  // the kernel, by half a turn
  // [outputs / kWinoBlock, channels / kWinoBlock, 9, kWinoBlock of channels,
  // kWinoBlock of outputs].
  const float* weights;
  const float* bias;
  float* y;
  float* scratch;  // kWinoPlanes * (num_tiles * (channels + kWinoWidth) +
                   //                kWinoDepth * kWinoWidth + 3 * kWinoPad)
};

// Whole numbers in place of weights and maps: of each block of channels, a
// tile's by one factor per plane, an output's likewise. No sum of products
// overflows: the root of the sum of squares of a block is kWinoNarrowTile and
// kWinoNarrowKernel at most, before rounding, and
// (kWinoNarrowTile + 8) * (kWinoNarrowKernel + 8) < 2^31.
inline constexpr float kWinoNarrowTile = 32740, kWinoNarrowKernel = 65500;

// As WinoTask, of maps in bf16; or, in whole numbers,
// y = relu?((conv(x, weights) + bias) * factors), rounded and cut to 0 .. 255,
// of channels in multiples of 32 that lie side by side (x_block).
template <typename T>
struct WinoNarrowTask : WinoMaps<T> {
  bool relu;
  const int16_t* weights;  // by the function for T
  const float* bias;
  const float* factors;  // of maps of 8 bits, one per output
  T* y;
  float* scratch;  // WinoNarrowScratch
};

// Elements that the outputs from the first one to `output` take of the weights
// of a WinoNarrowTask: for each kWinoWidth outputs, kWinoNarrowDepth channels
// and plane [channels / 2, outputs, 2] and, as floats, a factor per output.
static constexpr int64_t WinoNarrowOffset(int64_t channels, int64_t output) {
  return kWinoAllPlanes * output *
         (channels + (channels + kWinoNarrowDepth - 1) / kWinoNarrowDepth * 2);
}

// Floats of its scratch memory.
static constexpr int64_t WinoNarrowScratch(int64_t tiles, int64_t channels) {
  return kWinoAllPlanes *
             (tiles * (kWinoWidth + channels / 2 +
                       (channels + kWinoNarrowDepth - 1) / kWinoNarrowDepth) +
              3 * kWinoPad) +
         kWinoPlanes * (kWinoNarrowDepth + kWinoPad);
}

// The gradients of the weights and the bias of such a convolution, for some
// channels; the bias's with the first channel.
template <typename T>
struct WinoGradientTask : WinoMaps<T> {
  const T* gy;
  float *gweights, *gbias;             // as the weights of WinoTask
  bool add;                            // else they are overwritten
  int64_t first_channel, end_channel;  // multiples of kWinoBlock, kWinoDepth at
                                       // most
  // kWinoPlanes * ((num_tiles + kWinoWidth) * kWinoDepth +
  //                num_tiles * kWinoWidth + 3 * kWinoPad), of 8 tiles at least.
  float* scratch;
};

// The same results bit for bit: each sum has one order, of fused products.
void WinoTaskAvx2(const WinoTask& task);  // needs AVX2 and FMA
void WinoTaskAvx512(const WinoTask& task);
void WinoGradientAvx2(const WinoGradientTask<float>& task);
void WinoGradientAvx512(const WinoGradientTask<float>& task);
void WinoGradientOfBf16Avx512(const WinoGradientTask<uint16_t>& task);

// AVX512_VNNI and AVX512_BF16. Of the task that the weights are for: channels,
// outputs and which of them, weights, turned.
void WinoNarrowVnni(const WinoNarrowTask<uint16_t>& task);
void WinoNarrowWeightsVnni(const WinoTask& task, int16_t* to);
// As these, of maps of 8 bits, without AVX512_BF16. What is multiplied with
// weights are the numbers of B^T d B themselves, up to 17340.
void WinoWholeVnni(const WinoNarrowTask<uint8_t>& task);
void WinoWholeWeightsVnni(const WinoTask& task, int16_t* to);
// Multiplied as whole numbers: of each plane and the tiles of the task, a
// channel's by one factor, an output's likewise.
void WinoNarrowGradientVnni(const WinoGradientTask<uint16_t>& task);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_KERNEL_H_
