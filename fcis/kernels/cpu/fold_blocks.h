// Folds the weights of a convolution in f32 into the two orders that its passes
// read on CPUs with AVX-512: one walk, where a fold and a reorder would be two.
#ifndef FCIS_KERNELS_CPU_FOLD_BLOCKS_H_
#define FCIS_KERNELS_CPU_FOLD_BLOCKS_H_

#include "absl/types/span.h"
#include "dnnl.hpp"

namespace fcis::kernels {

// Whether FoldBlocks writes `transposed` of what is stored so: both f32 of one
// kernel (O,I,KH,KW), OIhw16i16o and IOhw16o16i.
bool FitsFoldBlocks(const dnnl::memory::desc& stored,
                    const dnnl::memory::desc& transposed);

// folded (as `stored`) and transposed get factors[output] * from. factors: one
// per output. Padding of `from` is 0, and so is that of the others. Both begin
// on a cache line.
void FoldBlocks(const dnnl::memory::desc& stored, const float* from,
                absl::Span<const float> factors, float* folded,
                float* transposed);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_FOLD_BLOCKS_H_
