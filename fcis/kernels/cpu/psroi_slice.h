// One bin of position-sensitive maps as a dense buffer that stays in the
// level-2 cache while all RoIs read it, and vectorised sums over its windows.
// Inside cpu_psroi and cpu_psroi_gradient only.
#ifndef FCIS_KERNELS_CPU_PSROI_SLICE_H_
#define FCIS_KERNELS_CPU_PSROI_SLICE_H_

#include <cstdint>

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/psroi_windows.h"

namespace fcis::kernels {

// One AVX-512 register; the compiler splits it for narrower machines.
constexpr int kPsroiLanes = 16;
typedef float PsroiVec
    __attribute__((vector_size(kPsroiLanes * sizeof(float))));

// Exchanges the two values of every pair.
__attribute__((always_inline)) inline void SwapPairs(const PsroiVec& v,
                                                     PsroiVec* swapped) {
  *swapped = __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10,
                                     13, 12, 15, 14);
}

// The values of one bin: pixel (h, w) starts at data + (h * width + w) * depth.
// depth is a multiple of kPsroiLanes, padded with zeros; data is aligned for
// PsroiVec.
struct PsroiSlice {
  const float* data;
  int64_t width;
  int64_t depth;
};

int64_t PsroiPaddedDepth(int64_t depth);

// The slice of bin `bin` of maps [H,W,bins*depth], f32 or bf16, in a buffer
// that the thread keeps for the next one.
PsroiSlice LoadPsroiSlice(const Tensor& maps, int64_t bin, int64_t depth);

// s[k] = sum over the window of vector k, row by row.
template <int K>
__attribute__((always_inline)) inline void SumPsroiWindow(
    const PsroiSlice& slice, int64_t channel, const PsroiRun& h,
    const PsroiRun& w, PsroiVec* s) {
#pragma GCC unroll 8
  for (int k = 0; k < K; ++k) s[k] = PsroiVec{};
  for (int y = h.start; y < h.end; ++y) {
    const float* pixel =
        slice.data + (y * slice.width + w.start) * slice.depth + channel;
    for (int x = w.start; x < w.end; ++x, pixel += slice.depth) {
      const PsroiVec* v = reinterpret_cast<const PsroiVec*>(pixel);
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k) s[k] += v[k];
    }
  }
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_PSROI_SLICE_H_
