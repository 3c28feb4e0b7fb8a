// What fold_blocks.h is made of; needs AVX-512.
#ifndef FCIS_KERNELS_CPU_FOLD_BLOCKS_AVX512_H_
#define FCIS_KERNELS_CPU_FOLD_BLOCKS_AVX512_H_

#include <cstdint>

namespace fcis::kernels {

// `blocks` of 16x16 floats, one behind the other: folded[i][o] =
// transposed[o][i] = factors[o] * from[i][o]. Both are stored past the caches,
// on cache lines; not to be read before FinishFolding.
void FoldBlocksAvx512(const float* from, const float* factors, int64_t blocks,
                      float* folded, float* transposed);
void FinishFoldingAvx512();

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_FOLD_BLOCKS_AVX512_H_
