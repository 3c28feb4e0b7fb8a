#include "fcis/kernels/cpu/pointwise_gradient.h"

#include <algorithm>
#include <vector>

#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/pointwise_kernel_avx512.h"

namespace fcis::kernels {
namespace {

constexpr int64_t kBlock = kPointwiseBlock;

// One picture of a map.
const float* Picture(const Tensor& map, int64_t n) {
  const int64_t size = RoundUp(map.dim(3), kBlock) * map.dim(1) * map.dim(2);
  return static_cast<const float*>(map.raw()) + n * size;
}

struct Place {
  int64_t picture, y, x;
};

// Of the pixels of gy that are not 0; none where there are too many.
std::vector<Place> PlacesOf(const Tensor& gy) {
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
      for (int64_t b = 0; b < NumBlocks(gy.dim(3), kBlock); ++b) {
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
  const int64_t blocks = NumBlocks(map.dim(3), kBlock);
  const int64_t height = map.dim(1), width = map.dim(2);
  Tensor columns = AllocateIn(
      Layout::kBackend, {1, 1, count, blocks * taps * kBlock}, DType::kF32);
  auto* const all = static_cast<float*>(columns.mutable_raw());
  ParallelForEach(blocks * taps, 1, [&](int64_t i) {
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
  task.blocks = NumBlocks(x.dim(3), kBlock);
  task.gweights = gweights;
  const int64_t outputs = NumBlocks(gy.dim(3), kBlock);
  std::vector<float> bias(static_cast<size_t>(outputs * kBlock));
  if (add) std::copy_n(gbias, gy.dim(3), bias.begin());
  // A share's gradients stay in the L2 cache, and some pixels of x with them.
  constexpr int64_t kMostBlocks = 64, kMostTogether = 768;
  const int64_t shares = std::min(
      task.blocks,
      std::max<int64_t>(NumThreads(), NumBlocks(task.blocks, kMostBlocks)));
  const int64_t width =
      std::max<int64_t>(1, kMostTogether / NumBlocks(task.blocks, shares) /
                               kPointwiseOutputs) *
      kPointwiseOutputs;
  ParallelFor(
      NumBlocks(outputs, width) * shares, 1, [&](int64_t first, int64_t last) {
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
  const std::vector<Place> few = PlacesOf(gy);
  if (few.empty()) return false;
  constexpr int kSide = 3;
  const Tensor of_x = Columns(x, few, kSide, params.dilation);
  const Tensor of_gy = Columns(gy, few, 1, 1);
  // A kernel's blocks of channels lie as those of the columns: all taps of one
  // behind the other.
  RunPointwiseGradient(of_x, of_gy, add, gweights, gbias);
  return true;
}

namespace {

constexpr int64_t kGroup = 8;  // blocks of channels; a bin has about ten

}  // namespace

FewPixels::FewPixels(const Tensor& gy, double most)
    : groups_(NumBlocks(NumBlocks(gy.dim(3), kBlock), kGroup)) {
  const int64_t width = gy.dim(2), pixels = gy.dim(1) * width;
  const int64_t blocks = NumBlocks(gy.dim(3), kBlock);
  const auto mark = [&](int64_t i, int64_t count, std::vector<uint8_t>* used) {
    const int64_t first = i % groups_ * kGroup;
    used->assign(static_cast<size_t>(count), 0);
    for (int64_t b = first; b < std::min(blocks, first + kGroup); ++b) {
      MarkUsedAvx512(Picture(gy, i / groups_) + b * pixels * kBlock, count,
                     used->data());
    }
  };
  // Usual gradients are told by their first pixels.
  constexpr int64_t kFirst = 64;
  std::vector<uint8_t> begin;
  mark(0, std::min(kFirst, pixels), &begin);
  const auto used = std::count(begin.begin(), begin.end(), 1);
  if (static_cast<double>(used) > 0.75 * static_cast<double>(begin.size())) {
    return;
  }
  lists_.resize(static_cast<size_t>(gy.dim(0) * groups_));
  ParallelFor(gy.dim(0) * groups_, 1, [&](int64_t first, int64_t last) {
    std::vector<uint8_t> marks;
    for (int64_t i = first; i < last; ++i) {
      mark(i, pixels, &marks);
      auto& list = lists_[static_cast<size_t>(i)];
      for (int64_t p = 0; p < pixels; ++p) {
        if (marks[static_cast<size_t>(p)] == 0) continue;
        list.push_back(
            {static_cast<int32_t>(p / width), static_cast<int32_t>(p % width)});
      }
    }
  });
  double sum = 0;
  for (const auto& list : lists_) sum += static_cast<double>(list.size());
  if (sum >
      most * static_cast<double>(lists_.size()) * static_cast<double>(pixels)) {
    lists_.clear();
  }
}

class FewPixels::Share {
 public:
  Share(const ConvParams& params, const Shape& weight, const float* weights,
        const Tensor& gy, Tensor* gx)
      : reach_(params.pad),
        side_(weight.dim(2)),
        height_(gy.dim(1)),
        width_(gy.dim(2)),
        blocks_(NumBlocks(gy.dim(3), kBlock)),
        weights_(weights),
        gx_(gx) {}

  // The group's part for outputs of [begin, end) blocks. gy: the picture.
  void Add(const std::vector<Pixel>& list, const float* gy, int64_t group,
           int64_t picture, int64_t begin, int64_t end) {
    const int64_t taps = side_ * side_, kernel = kBlock * kBlock;
    const int64_t first = group * kGroup;
    PlacedTask task = {};
    task.blocks = std::min(kGroup, blocks_ - first);
    task.outputs = end - begin;
    task.pixels = height_ * width_;
    task.block_stride = taps * kernel;
    task.output_stride = blocks_ * task.block_stride;
    task.y = const_cast<float*>(Picture(*gx_, picture)) +
             begin * task.pixels * kBlock;
    for (int64_t tap = 0; tap < taps; ++tap) {
      Pack(list, gy + first * task.pixels * kBlock, tap, task.blocks);
      task.count = static_cast<int64_t>(places_.size());
      task.x = packed_.data();
      task.places = places_.data();
      task.weights =
          weights_ + begin * task.output_stride + (first * taps + tap) * kernel;
      AddPlacedAvx512(task);
    }
  }

 private:
  // The pixels that reach into the map by this tap, side by side.
  void Pack(const std::vector<Pixel>& list, const float* gy, int64_t tap,
            int64_t blocks) {
    const int64_t dy = (tap / side_ - side_ / 2) * reach_;
    const int64_t dx = (tap % side_ - side_ / 2) * reach_;
    places_.clear();
    from_.clear();
    for (const Pixel& p : list) {
      const int64_t y = p.y + dy, x = p.x + dx;
      if (y < 0 || y >= height_ || x < 0 || x >= width_) continue;
      places_.push_back(static_cast<int32_t>(y * width_ + x));
      from_.push_back((p.y * width_ + p.x) * kBlock);
    }
    packed_.resize(static_cast<size_t>(blocks * kBlock) * from_.size());
    float* to = packed_.data();
    for (int64_t b = 0; b < blocks; ++b) {
      const float* const plane = gy + b * height_ * width_ * kBlock;
      for (const int64_t from : from_) {
        to = std::copy_n(plane + from, kBlock, to);
      }
    }
  }

  const int64_t reach_, side_, height_, width_, blocks_;
  const float* const weights_;
  Tensor* const gx_;
  std::vector<int32_t> places_;
  std::vector<int64_t> from_;
  std::vector<float> packed_;
};

void FewPixels::Run(const ConvParams& params, const Shape& weight,
                    const float* weights, const Tensor& gy, Tensor* gx) const {
  const int64_t outputs = NumBlocks(gx->dim(3), kBlock);
  const int64_t pairs = NumBlocks(outputs, 2);
  const int64_t shares = std::min<int64_t>(NumThreads(), pairs);
  const int64_t plane = gx->dim(1) * gx->dim(2) * kBlock;
  ParallelFor(shares, 1, [&](int64_t first, int64_t last) {
    Share share(params, weight, weights, gy, gx);
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = pairs * i / shares * 2;
      const int64_t end = std::min(outputs, pairs * (i + 1) / shares * 2);
      for (int64_t n = 0; n < gx->dim(0); ++n) {
        std::fill_n(const_cast<float*>(Picture(*gx, n)) + begin * plane,
                    (end - begin) * plane, 0.0f);
        for (int64_t g = 0; g < groups_; ++g) {
          share.Add(List(n, g), Picture(gy, n), g, n, begin, end);
        }
      }
    }
  });
}

}  // namespace fcis::kernels
