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

struct Place {
  int64_t picture, y, x;
};

// Of the pixels of gy that are not 0; none where there are too many.
std::vector<Place> FewPixels(const Tensor& gy) {
  // Winograd's algorithm takes a quarter of the products, and transforms.
  constexpr int64_t kShare = 6;
  constexpr int64_t kStep = 64;
  const int64_t pixels = gy.dim(1) * gy.dim(2);
  const int64_t most = gy.dim(0) * pixels / kShare;
  std::vector<Place> few;
  for (int64_t n = 0; n < gy.dim(0); ++n) {
    for (int64_t first = 0; first < pixels; first += kStep) {
      const int64_t count = std::min(kStep, pixels - first);
      uint8_t used[kStep] = {};
      for (int64_t b = 0; b < Ceil(gy.dim(3), kBlock); ++b) {
        MarkUsedAvx512(Picture(gy, n) + (b * pixels + first) * kBlock, count,
                       used);
      }
      for (int64_t p = 0; p < count; ++p) {
        const int64_t at = first + p;
        if (used[p] != 0) few.push_back({n, at / gy.dim(2), at % gy.dim(2)});
      }
      if (static_cast<int64_t>(few.size()) > most) return {};
    }
  }
  return few;
}

// Columns of the `taps` pixels about each place, `dilation` apart: a map whose
// channels are [blocks, taps, kBlock].
Tensor Columns(const Tensor& map, const std::vector<Place>& places, int side,
               int dilation) {
  const int64_t taps = side * side, count = static_cast<int64_t>(places.size());
  const int64_t blocks = Ceil(map.dim(3), kBlock);
  const int64_t height = map.dim(1), width = map.dim(2);
  Tensor columns = AllocateIn(
      Layout::kBackend, {1, 1, count, blocks * taps * kBlock}, DType::kF32);
  auto* const all = static_cast<float*>(columns.mutable_raw());
  ParallelFor(blocks * taps, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t dy = (i % taps / side - side / 2) * dilation;
      const int64_t dx = (i % taps % side - side / 2) * dilation;
      float* to = all + i * count * kBlock;
      for (const Place& place : places) {
        const int64_t y = place.y + dy, x = place.x + dx;
        if (y >= 0 && y < height && x >= 0 && x < width) {
          std::copy_n(Picture(map, place.picture) +
                          ((i / taps * height + y) * width + x) * kBlock,
                      kBlock, to);
        } else {
          std::fill_n(to, kBlock, 0.0f);
        }
        to += kBlock;
      }
    }
  });
  return columns;
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

bool RunFewPixelsGradient(const ConvParams& params, const Tensor& x,
                          const Tensor& gy, bool add, float* gweights,
                          float* gbias) {
  const std::vector<Place> few = FewPixels(gy);
  if (few.empty()) return false;
  constexpr int kSide = 3;
  const Tensor of_x = Columns(x, few, kSide, params.dilation);
  const Tensor of_gy = Columns(gy, few, 1, 1);
  // A kernel's blocks of channels lie as those of the columns: all taps of one
  // behind the other.
  RunPointwiseGradient(of_x, of_gy, add, gweights, gbias);
  return true;
}

}  // namespace fcis::kernels
