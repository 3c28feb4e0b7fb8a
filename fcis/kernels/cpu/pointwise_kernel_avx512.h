// What pointwise_conv.h is made of: shares of products, on one thread. Needs
// AVX-512; nothing here is inline, so that no code for one CPU is linked into
// what runs on another.
#ifndef FCIS_KERNELS_CPU_POINTWISE_KERNEL_AVX512_H_
#define FCIS_KERNELS_CPU_POINTWISE_KERNEL_AVX512_H_

#include <cstdint>

namespace fcis::kernels {

// Channels that lie side by side in maps and weights.
inline constexpr int64_t kPointwiseBlock = 16;

// y = gated(relu?(bias + added? + weights x)), where maps are one picture's
// [blocks of channels, pixels, kPointwiseBlock].
struct PointwiseTask {
  int64_t pixels, blocks, outputs;  // of the maps; the last two in blocks
  const float* x;
  const float* weights;  // [outputs, blocks, kPointwiseBlock of channels,
                         //  kPointwiseBlock of outputs]
  const float* bias;     // with padding
  const float* added;    // as y, and may be y; or null
  const float* gate;     // as y, or null: y is 0 where it is not above 0
  bool relu;
  float* y;
  // The share.
  int64_t first_pixel, end_pixel, first_output, end_output;
};
void PointwiseAvx512(const PointwiseTask& task);

// The gradients of the weights, set or added, and of the bias.
struct PointwiseGradientTask {
  int64_t pixels, blocks, outputs;
  const float *x, *gy;
  float *gweights, *gbias;  // bias: with padding; null: not this task's
  bool add;
  // The share.
  int64_t first_block, end_block, first_output, end_output;
};
void PointwiseGradientAvx512(const PointwiseGradientTask& task);
// Outputs, in blocks, that are best multiplied together.
inline constexpr int64_t kPointwiseOutputs = 3;

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_POINTWISE_KERNEL_AVX512_H_
