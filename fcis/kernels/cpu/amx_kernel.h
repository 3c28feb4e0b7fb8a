// What amx_conv.h is made of: a share of a convolution, on one thread, by AMX's
// products of tiles; and these products, for amx_gradient.h. Nothing here is
// inline, so that no code for one CPU is linked into what runs on another.
#ifndef FCIS_KERNELS_CPU_AMX_KERNEL_H_
#define FCIS_KERNELS_CPU_AMX_KERNEL_H_

#include <cstdint>

#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

// Pixels and outputs of a tile, and bytes of a row of one.
inline constexpr int64_t kAmxTile = 16;
inline constexpr int64_t kAmxRow = 64;
// Steps whose weights, for two tiles of outputs, stay in the L1 cache.
inline constexpr int64_t kAmxPanel = 12;

// y = relu?((sums + bias) * factor + residual_factor * residual), where sums
// are products of x and weights, added up over steps; for bf16 factors are 1.
struct AmxTask {
  DType multiplied;  // kBF16, or kU8 or kI8 with weights of kI8
  // Pixels of the output: `rows` of `width`, whose x begin these bytes apart.
  const char* x;
  int64_t rows, width;
  int64_t x_row, x_pixel;
  // Bytes from the begin of a pixel's x to what each step multiplies,
  // step_bytes of it, a multiple of 4 and at most kAmxRow.
  const int64_t* steps;
  int64_t num_steps, step_bytes;
  // [outputs / kAmxTile, rounded up][num_steps][step_bytes / 4][kAmxTile][4
  // bytes of x's].
  const char* weights;
  int64_t outputs;
  // Of all tiles' outputs. factor: null for bf16.
  const float* bias;
  const float* factor;
  float residual_factor;
  bool relu;
  // Row after row, like y; null: nothing is added. y: kF32, kBF16, kU8 or kI8;
  // residual: the same, but no kF32. They may be one.
  const char* residual;
  DType residual_type;
  char* y;
  DType y_type;
  // With more than kAmxPanel steps: rows * width * 2 * kAmxTile.
  float* sums;
};

void RunAmx(const AmxTask& task);

// sums = or += rows times columns, added up over steps: one or two tiles of
// rows by one or two of columns, of tiles as ConfigureAmx made them.
struct AmxPanel {
  const char* x;    // the first row
  int64_t x_pixel;  // bytes from a row to the next one
  // Bytes from the begin of a row to what each step multiplies.
  const int64_t* steps;
  int64_t num_steps;
  const char* weights;   // of the first tile of columns, step after step
  const char* weights1;  // of the second one
  int64_t step_size;     // bytes of a step's weights
  float* sums;
  int64_t sums_row;                 // bytes from a row to the next one
  int64_t sums_below, sums_beside;  // floats from a tile to the next one
  bool adds;                        // to what stands in sums
};

// Before a thread's first product: pixels of the two tiles of rows, bytes of a
// row of x that a step multiplies. ReleaseAmx: after its last one.
void ConfigureAmx(int64_t high0, int64_t high1, int64_t step_bytes);
void MultiplyAmxBf16(const AmxPanel& panel, bool two_high, bool two_wide);
void ReleaseAmx();

// Of a row of pixels, n of them, as bf16, rounded to the nearest.
void ToBf16Row(const float* x, int64_t n, uint16_t* y);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_AMX_KERNEL_H_
