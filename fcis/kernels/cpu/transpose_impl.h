// Transposes 16x16 words in registers; for files that are compiled for AVX-512.
#ifndef FCIS_KERNELS_CPU_TRANSPOSE_IMPL_H_
#define FCIS_KERNELS_CPU_TRANSPOSE_IMPL_H_

#include <cstdint>

namespace fcis::kernels {
namespace {

using Words = uint32_t __attribute__((vector_size(64)));

// Swaps the blocks of kStep words beside the diagonal of every two such.
template <int kStep>
inline __attribute__((always_inline)) void SwapBlocks(Words* rows) {
  Words first, second;
#pragma GCC unroll 16
  for (unsigned l = 0; l < 16; ++l) {
    const bool far = (l & kStep) != 0;
    first[l] = far ? 16 + l - kStep : l;
    second[l] = far ? 16 + l : l + kStep;
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) {
    if ((i & kStep) != 0) continue;
    const Words a = rows[i], b = rows[i + kStep];
    rows[i] = __builtin_shuffle(a, b, first);
    rows[i + kStep] = __builtin_shuffle(a, b, second);
  }
}

inline __attribute__((always_inline)) void Transpose16(Words* rows) {
  SwapBlocks<8>(rows);
  SwapBlocks<4>(rows);
  SwapBlocks<2>(rows);
  SwapBlocks<1>(rows);
}

}  // namespace
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_TRANSPOSE_IMPL_H_
