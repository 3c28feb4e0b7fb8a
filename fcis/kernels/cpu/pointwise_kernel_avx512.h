// What pointwise_gradient.h is made of: a share of it, on one thread. Needs
// AVX-512; nothing here is inline, so that no code for one CPU is linked into
// what runs on another.
#ifndef FCIS_KERNELS_CPU_POINTWISE_KERNEL_AVX512_H_
#define FCIS_KERNELS_CPU_POINTWISE_KERNEL_AVX512_H_

#include <cstdint>

namespace fcis::kernels {

// Channels that lie side by side in maps and weights.
inline constexpr int64_t kPointwiseBlock = 16;

// The gradients of the weights and of the bias, set or added, of one picture's
// maps, [blocks of channels, pixels, kPointwiseBlock].
struct PointwiseGradientTask {
  int64_t pixels, blocks;  // blocks: of x
  const float *x, *gy;
  float* gweights;  // [blocks of gy, blocks of x, kPointwiseBlock of channels,
                    //  kPointwiseBlock of outputs]
  float* gbias;     // with padding; null: not this task's
  bool add;
  // The share, in blocks of x and gy.
  int64_t first_block, end_block, first_output, end_output;
};
void PointwiseGradientAvx512(const PointwiseGradientTask& task);
// y[o][places[p]] += weights x[p]; x: [blocks, count, kPointwiseBlock], packed;
// y: [outputs, pixels, kPointwiseBlock], outputs in blocks.
struct PlacedTask {
  int64_t blocks, count, outputs, pixels;
  const float* x;
  // Kernels of kPointwiseBlock channels of x by as many outputs, and the
  // distances of those of the next block and of the next output.
  const float* weights;
  int64_t block_stride, output_stride;
  const int32_t* places;
  float* y;
};
void AddPlacedAvx512(const PlacedTask& task);

// used[p] = 1 where one of the kPointwiseBlock floats of pixel p is not 0.
void MarkUsedAvx512(const float* pixels, int64_t count, uint8_t* used);
// Blocks of outputs that are best multiplied together.
inline constexpr int64_t kPointwiseOutputs = 3;

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_POINTWISE_KERNEL_AVX512_H_
