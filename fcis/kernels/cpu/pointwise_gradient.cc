#include "fcis/kernels/cpu/pointwise_gradient.h"

#include <algorithm>
#include <vector>

#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/pointwise_kernel_avx512.h"

namespace fcis::kernels {
namespace {

constexpr int64_t kBlock = kPointwiseBlock;

int64_t Ceil(int64_t n, int64_t of) { return (n + of - 1) / of; }

// One picture of a map.
const float* Picture(const Tensor& map, int64_t n) {
  const int64_t size =
      Ceil(map.dim(3), kBlock) * kBlock * map.dim(1) * map.dim(2);
  return static_cast<const float*>(map.raw()) + n * size;
}

}  // namespace

bool FitsPointwiseGradient(const ConvParams& p, const Shape& weight) {
  return weight.dim(2) == 1 && weight.dim(3) == 1 && p.pad == 0 &&
         p.stride == 1 && weight.dim(0) >= kBlock && weight.dim(1) >= kBlock &&
         HasIsa(dnnl::cpu_isa::avx512_core);
}

void RunPointwiseGradient(const Tensor& x, const Tensor& gy, bool add,
                          float* gweights, float* gbias) {
  PointwiseGradientTask task = {};
  task.pixels = x.dim(1) * x.dim(2);
  task.blocks = Ceil(x.dim(3), kBlock);
  task.gweights = gweights;
  const int64_t outputs = Ceil(gy.dim(3), kBlock);
  std::vector<float> bias(static_cast<size_t>(outputs * kBlock));
  if (add) std::copy_n(gbias, gy.dim(3), bias.begin());
  // A share's gradients stay in the L2 cache, and some pixels of x with them.
  constexpr int64_t kMostBlocks = 64, kMostTogether = 768;
  const int64_t shares =
      std::min(task.blocks,
               std::max<int64_t>(NumThreads(), Ceil(task.blocks, kMostBlocks)));
  const int64_t width =
      std::max<int64_t>(
          1, kMostTogether / Ceil(task.blocks, shares) / kPointwiseOutputs) *
      kPointwiseOutputs;
  ParallelFor(
      Ceil(outputs, width) * shares, 1, [&](int64_t first, int64_t last) {
        PointwiseGradientTask mine = task;
        for (int64_t i = first; i < last; ++i) {
          const int64_t share = i % shares;
          mine.first_output = i / shares * width;
          mine.end_output = std::min(outputs, mine.first_output + width);
          mine.first_block = task.blocks * share / shares;
          mine.end_block = task.blocks * (share + 1) / shares;
          mine.gbias = share == 0 ? bias.data() : nullptr;
          for (int64_t n = 0; n < x.dim(0); ++n) {
            mine.x = Picture(x, n);
            mine.gy = Picture(gy, n);
            mine.add = add || n > 0;
            PointwiseGradientAvx512(mine);
          }
        }
      });
  std::copy_n(bias.begin(), gy.dim(3), gbias);
}

}  // namespace fcis::kernels
