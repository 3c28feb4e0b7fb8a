#include "fcis/kernels/cpu/fold_blocks.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/cpu/dnnl_api.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/fold_blocks_avx512.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

constexpr int64_t kSide = 16;

}  // namespace

bool FitsFoldBlocks(const memory::desc& stored,
                    const memory::desc& transposed) {
  const memory::dims dims = DimsOf(stored);
  const auto in = [&dims](memory::format_tag tag) {
    return memory::desc(dims, memory::data_type::f32, tag);
  };
  return HasIsa(dnnl::cpu_isa::avx512_core) && dims.size() == 4 &&
         stored == in(memory::format_tag::OIhw16i16o) &&
         transposed == in(memory::format_tag::IOhw16o16i);
}

void FoldBlocks(const memory::desc& stored, const float* from,
                absl::Span<const float> factors, float* folded,
                float* transposed) {
  const memory::dims dims = DimsOf(stored);
  const int64_t taps = dims[2] * dims[3], size = taps * kSide * kSide;
  const int64_t outputs = NumBlocks(dims[0], kSide);
  const int64_t inputs = NumBlocks(dims[1], kSide);
  std::vector<float> padded(static_cast<size_t>(outputs * kSide));
  std::copy(factors.begin(), factors.end(), padded.begin());
  constexpr int64_t kGrain = 16;
  ParallelFor(outputs * inputs, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const int64_t o = b / inputs, i = b % inputs;
      FoldBlocksAvx512(from + b * size, padded.data() + o * kSide, taps,
                       folded + b * size,
                       transposed + (i * outputs + o) * size);
    }
    FinishFoldingAvx512();
  });
}

}  // namespace fcis::kernels
