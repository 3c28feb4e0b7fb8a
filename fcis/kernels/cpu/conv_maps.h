// Passes over maps and gradients that oneDNN's convolutions need before or
// after them.
#ifndef FCIS_KERNELS_CPU_CONV_MAPS_H_
#define FCIS_KERNELS_CPU_CONV_MAPS_H_

#include <cstdint>

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Dilated kernels that phases (dilation_phases.h) make fit.
bool FitsPhases(const ConvParams& p, const Shape& weight, DType compute);
// Kernels that read some pixels only: faster over a map of these.
bool SkipsPixels(const ConvParams& p, const Shape& weight);
// Of the convolution over phases, or over the pixels that are read.
ConvParams OverMaps(ConvParams p, const Shape& weight, bool by_phases);

// y += x, on all threads.
void ParallelAddTo(const float* x, int64_t n, float* y);

// x rounded, on all threads; y: bf16 of as many elements.
void ParallelToBf16(const Tensor& x, Tensor* y);

// y = x, of one layout and type, on all threads.
void ParallelCopy(const Tensor& x, Tensor* y);

// The sums of a map's channels over its pixels; bf16 in N,H,W,C.
void SumPixels(const Tensor& map, float* sums);

// The pixels of x, in any layout, that a 1x1 kernel of this stride reads for a
// map of shape y; and such pixels where they are in a map of shape x, which is
// 0 elsewhere.
Tensor GatherPixels(const Tensor& x, const Shape& y, int stride);
Tensor ScatterPixels(const Tensor& pixels, const Shape& x, int stride);

// Where a strided kernel runs over one column, oneDNN 2.6's bf16 gradient by
// weights leaves those taps unwritten that see padding only.
bool LeavesTaps(const ConvParams& p, const Shape& weight, const Tensor& x);

// One column of bf16 in N,H,W,C and a second one of zeros: such kernels give as
// many outputs, and the same gradient by weights.
Tensor WithZeroColumn(const Tensor& x);

// A map cut into phases (dilation_phases.h), and back.
Tensor Split(const Tensor& map, int phases);
void Join(const Tensor& split, int phases, Tensor* map);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_CONV_MAPS_H_
