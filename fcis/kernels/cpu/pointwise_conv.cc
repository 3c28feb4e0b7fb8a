#include "fcis/kernels/cpu/pointwise_conv.h"

#include <algorithm>
#include <vector>

#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/pointwise_kernel_avx512.h"

namespace fcis::kernels {
namespace {

constexpr int64_t kBlock = kPointwiseBlock;

int64_t Blocks(int64_t channels) { return (channels + kBlock - 1) / kBlock; }

int64_t RoundUp(int64_t n, int64_t unit) {
  return (n + unit - 1) / unit * unit;
}

const float* Floats(const Tensor* map, int64_t at) {
  return map == nullptr ? nullptr : static_cast<const float*>(map->raw()) + at;
}

// Of one picture of a map.
int64_t Pixels(const Tensor& map) { return map.dim(1) * map.dim(2); }
int64_t Size(const Tensor& map) {
  return Blocks(map.dim(3)) * Pixels(map) * kBlock;
}

// Calls visit(pixel of the map of shape y, pixel of the map of shape x) of all
// blocks of channels of all pictures, in parallel.
template <typename Visit>
void ForEachPixel(const Shape& y, const Shape& x, int stride,
                  const Visit& visit) {
  ParallelFor(y.dim(0) * Blocks(y.dim(3)), 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      for (int64_t h = 0; h < y.dim(1); ++h) {
        const int64_t to = (plane * y.dim(1) + h) * y.dim(2);
        const int64_t from = (plane * x.dim(1) + h * stride) * x.dim(2);
        for (int64_t w = 0; w < y.dim(2); ++w) {
          visit((to + w) * kBlock, (from + w * stride) * kBlock);
        }
      }
    }
  });
}

}  // namespace

bool FitsPointwise(const ConvParams& p, const Shape& weight) {
  return weight.dim(2) == 1 && weight.dim(3) == 1 && p.pad == 0 &&
         weight.dim(0) >= kBlock && weight.dim(1) >= kBlock &&
         HasIsa(dnnl::cpu_isa::avx512_core);
}

void RunPointwise(const float* weights, const PointwiseEnd& end,
                  const Tensor& x, Tensor* y) {
  PointwiseTask task = {};
  task.pixels = Pixels(x);
  task.blocks = Blocks(x.dim(3));
  task.outputs = Blocks(y->dim(3));
  task.weights = weights;
  std::vector<float> bias(static_cast<size_t>(task.outputs * kBlock));
  if (end.bias != nullptr) std::copy_n(end.bias, y->dim(3), bias.begin());
  task.bias = bias.data();
  task.relu = end.relu;
  // Pixels of a share, whose channels stay in the L2 cache; where there are too
  // few, threads share the outputs.
  constexpr int64_t kUsual = 336;
  const int64_t threads = NumThreads(), pictures = x.dim(0);
  int64_t parts = (task.pixels + kUsual - 1) / kUsual;
  if (pictures == 1 && parts > 1) parts = RoundUp(parts, threads);
  const int64_t pairs = (task.outputs + 1) / 2;
  const int64_t shares =
      std::min(pairs, (threads + pictures * parts - 1) / (pictures * parts));
  ParallelFor(pictures * parts * shares, 1, [&](int64_t first, int64_t last) {
    PointwiseTask mine = task;
    for (int64_t i = first; i < last; ++i) {
      const int64_t picture = i / shares / parts, part = i / shares % parts;
      const int64_t share = i % shares, at = picture * Size(*y);
      mine.x = Floats(&x, picture * Size(x));
      mine.added = Floats(end.added, at);
      mine.gate = Floats(end.gate, at);
      mine.y = static_cast<float*>(y->mutable_raw()) + at;
      mine.first_pixel = task.pixels * part / parts;
      mine.end_pixel = task.pixels * (part + 1) / parts;
      mine.first_output = pairs * share / shares * 2;
      mine.end_output =
          std::min(task.outputs, pairs * (share + 1) / shares * 2);
      PointwiseAvx512(mine);
    }
  });
}

void RunPointwiseGradient(const Tensor& x, const Tensor& gy, bool add,
                          float* gweights, float* gbias) {
  PointwiseGradientTask task = {};
  task.pixels = Pixels(x);
  task.blocks = Blocks(x.dim(3));
  task.outputs = Blocks(gy.dim(3));
  task.gweights = gweights;
  std::vector<float> bias(static_cast<size_t>(task.outputs * kBlock));
  if (add) std::copy_n(gbias, gy.dim(3), bias.begin());
  // Outputs whose gradients stay in the L2 cache.
  constexpr int64_t kUsual = 4 * kPointwiseOutputs;
  const int64_t ranges = (task.outputs + kUsual - 1) / kUsual;
  const int64_t shares = std::min<int64_t>(NumThreads(), task.blocks);
  ParallelFor(ranges * shares, 1, [&](int64_t first, int64_t last) {
    PointwiseGradientTask mine = task;
    for (int64_t i = first; i < last; ++i) {
      const int64_t share = i % shares;
      mine.first_output = i / shares * kUsual;
      mine.end_output = std::min(task.outputs, mine.first_output + kUsual);
      mine.first_block = task.blocks * share / shares;
      mine.end_block = task.blocks * (share + 1) / shares;
      mine.gbias = share == 0 ? bias.data() : nullptr;
      for (int64_t n = 0; n < x.dim(0); ++n) {
        mine.x = Floats(&x, n * Size(x));
        mine.gy = Floats(&gy, n * Size(gy));
        mine.add = add || n > 0;
        PointwiseGradientAvx512(mine);
      }
    }
  });
  std::copy_n(bias.begin(), gy.dim(3), gbias);
}

Tensor GatherPixels(const Tensor& x, const Shape& y, int stride) {
  const Shape shape = {y.dim(0), y.dim(1), y.dim(2), x.dim(3)};
  Tensor pixels = AllocateIn(Layout::kBackend, shape, DType::kF32);
  const float* const from = Floats(&x, 0);
  auto* const to = static_cast<float*>(pixels.mutable_raw());
  ForEachPixel(shape, x.shape(), stride, [=](int64_t of_y, int64_t of_x) {
    std::copy_n(from + of_x, kBlock, to + of_y);
  });
  return pixels;
}

Tensor ScatterPixels(const Tensor& pixels, const Shape& x, int stride) {
  Tensor map = AllocateIn(Layout::kBackend, x, DType::kF32);
  const float* const from = Floats(&pixels, 0);
  auto* const to = static_cast<float*>(map.mutable_raw());
  const int64_t plane = Pixels(map) * kBlock;
  ParallelFor(Size(map) / plane * x.dim(0), 1, [&](int64_t begin, int64_t end) {
    std::fill_n(to + begin * plane, (end - begin) * plane, 0.0f);
  });
  ForEachPixel(pixels.shape(), x, stride, [=](int64_t of_y, int64_t of_x) {
    std::copy_n(from + of_y, kBlock, to + of_x);
  });
  return map;
}

}  // namespace fcis::kernels
