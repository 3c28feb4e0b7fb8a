#include "fcis/kernels/cpu/few_pixels.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/cpu/conv_maps.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/cpu/pair_kernel_avx512.h"

namespace fcis::kernels {
namespace {

constexpr int64_t kGroup = 128;  // channels of gy; a bin has about 160
constexpr int64_t kBlock = 16;   // of a layout
constexpr double kMost = 0.75;   // of the pixels
constexpr int64_t kPanels = 8;   // that share what is in the L2 cache

// Pixels of gy, as rows of a matrix, `together` at a time.
class Used {
 public:
  Used(const Tensor& gy, int64_t together)
      : gy_(gy.data<uint16_t>()),
        channels_(gy.dim(3)),
        pixels_(gy.dim(0) * gy.dim(1) * gy.dim(2)),
        together_(together),
        groups_(NumBlocks(channels_, kGroup)) {
    // Usual gradients are told by their first pixels.
    constexpr int64_t kFirst = 64;
    const auto first = List(0, std::min(kFirst, pixels_));
    if (TooMany(static_cast<int64_t>(first.size()),
                NumBlocks(std::min(kFirst, pixels_), together_))) {
      return;
    }
    lists_.resize(static_cast<size_t>(groups_));
    ParallelForEach(groups_, 1, [&](int64_t g) {
      lists_[static_cast<size_t>(g)] = List(g, pixels_);
    });
    int64_t all = 0;
    for (const auto& list : lists_) all += static_cast<int64_t>(list.size());
    if (TooMany(all, groups_ * NumBlocks(pixels_, together_))) lists_.clear();
  }

  bool too_many() const { return lists_.empty(); }
  int64_t groups() const { return groups_; }
  int64_t pixels() const { return pixels_; }
  int64_t channels() const { return channels_; }
  const std::vector<int32_t>& list(int64_t group) const {
    return lists_[static_cast<size_t>(group)];
  }
  // Channels of a group, and those with padding.
  int64_t Channels(int64_t group) const {
    return std::min(kGroup, channels_ - group * kGroup);
  }
  int64_t Padded(int64_t group) const {
    return RoundUp(Channels(group), kBlock);
  }
  const uint16_t* Pixel(int64_t group, int64_t pixel) const {
    return gy_ + pixel * channels_ + group * kGroup;
  }

 private:
  static bool TooMany(int64_t used, int64_t all) {
    return static_cast<double>(used) > kMost * static_cast<double>(all);
  }

  // Which of the first pixels, `together` at a time, are not 0.
  std::vector<int32_t> List(int64_t group, int64_t pixels) const {
    constexpr uint16_t kSize = 0x7fff;  // without the sign
    const int64_t channels = Channels(group);
    std::vector<int32_t> list;
    list.reserve(static_cast<size_t>(NumBlocks(pixels, together_)));
    for (int64_t p = 0; p < pixels; p += together_) {
      uint16_t any = 0;
      for (int64_t q = p; q < std::min(pixels, p + together_); ++q) {
        const uint16_t* const row = Pixel(group, q);
        for (int64_t c = 0; c < channels; ++c) any |= row[c];
      }
      if ((any & kSize) != 0) {
        list.push_back(static_cast<int32_t>(p / together_));
      }
    }
    return list;
  }

  const uint16_t* const gy_;
  const int64_t channels_, pixels_, together_, groups_;
  std::vector<std::vector<int32_t>> lists_;  // none: too many
};

// A row, or zeros beyond the last one.
void Interleave(const uint16_t* even, const uint16_t* odd, int64_t n,
                uint16_t* to) {
  if (odd == nullptr) {
    for (int64_t i = 0; i < n; ++i) {
      to[2 * i] = even[i];
      to[2 * i + 1] = 0;
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    to[2 * i] = even[i];
    to[2 * i + 1] = odd[i];
  }
}

// Pairs of pixels, [columns / kPairColumns, pairs, kPairColumns, 2].
Tensor PairsOf(const Tensor& x) {
  const int64_t columns = x.dim(3);
  const int64_t pixels = x.dim(0) * x.dim(1) * x.dim(2);
  const int64_t pairs = NumBlocks(pixels, 2), panel = pairs * kPairColumns * 2;
  Tensor packed({columns / kPairColumns * panel}, DType::kBF16);
  const auto* const from = x.data<uint16_t>();
  auto* const to = packed.mutable_data<uint16_t>();
  ParallelForEach(pairs, 1, [&](int64_t k) {
    const uint16_t* const even = from + 2 * k * columns;
    const bool odd = 2 * k + 1 < pixels;
    for (int64_t c = 0; c < columns; c += kPairColumns) {
      Interleave(even + c, odd ? even + columns + c : nullptr, kPairColumns,
                 to + c / kPairColumns * panel + k * kPairColumns * 2);
    }
  });
  return packed;
}

// Of each group the pairs that are used, [pairs, channels, 2], from
// group * pairs * kGroup * 2 on.
Tensor UsedPairs(const Used& used) {
  const int64_t size = NumBlocks(used.pixels(), 2) * kGroup * 2;
  Tensor packed({used.groups() * size}, DType::kBF16);
  auto* const all = packed.mutable_data<uint16_t>();
  ParallelForEach(used.groups(), 1, [&](int64_t g) {
    uint16_t* to = all + g * size;
    for (const int64_t pair : used.list(g)) {
      const bool odd = 2 * pair + 1 < used.pixels();
      Interleave(used.Pixel(g, 2 * pair),
                 odd ? used.Pixel(g, 2 * pair + 1) : nullptr, used.Channels(g),
                 to);
      to += 2 * used.Channels(g);
    }
  });
  return packed;
}

// Of each group the pixels that are used, padded, from group * pixels * kGroup
// on.
Tensor UsedRows(const Used& used) {
  const int64_t size = used.pixels() * kGroup;
  Tensor packed({used.groups() * size}, DType::kBF16);
  auto* const all = packed.mutable_data<uint16_t>();
  ParallelForEach(used.groups(), 1, [&](int64_t g) {
    uint16_t* to = all + g * size;
    for (const int64_t pixel : used.list(g)) {
      to = std::copy_n(used.Pixel(g, pixel), used.Channels(g), to);
      to = std::fill_n(to, used.Padded(g) - used.Channels(g), uint16_t{0});
    }
  });
  return packed;
}

}  // namespace

bool FitsFewPixels(const ConvParams& p, const Shape& weight) {
  return weight.dim(2) == 1 && weight.dim(3) == 1 && p.pad == 0 &&
         p.stride == 1 && weight.dim(1) % kPairColumns == 0 &&
         HasIsa(dnnl::cpu_isa::avx512_core_bf16) &&
         !HasIsa(dnnl::cpu_isa::avx512_core_amx);
}

bool FewPixelsByWeights(const Tensor& x, const Tensor& gy, float* gweights) {
  const Used used(gy, /*together=*/2);
  if (used.too_many()) return false;
  const Tensor right = PairsOf(x), left = UsedPairs(used);
  const int64_t columns = x.dim(3), pairs = NumBlocks(used.pixels(), 2);
  ParallelFor(columns / kPairColumns, kPanels, [&](int64_t begin, int64_t end) {
    PairTask task = {};
    task.a_row = 2;
    task.b_pair = 2 * kPairColumns;
    task.b_half = 2 * kPairHalf;
    task.to_row = columns;
    for (int64_t g = 0; g < used.groups(); ++g) {
      task.rows = used.Channels(g);
      task.pairs = static_cast<int64_t>(used.list(g).size());
      task.a = left.data<uint16_t>() + g * pairs * kGroup * 2;
      task.a_pair = 2 * task.rows;
      task.b_pairs = used.list(g).data();
      for (int64_t panel = begin; panel < end; ++panel) {
        task.b = right.data<uint16_t>() + panel * pairs * task.b_pair;
        task.to = gweights + g * kGroup * columns + panel * kPairColumns;
        MultiplyPairsAvx512(task);
      }
    }
  });
  return true;
}

bool FewPixelsByData(const Tensor& gy, const uint16_t* weights, Tensor* gx) {
  const Used used(gy, /*together=*/1);
  if (used.too_many()) return false;
  const Tensor left = UsedRows(used);
  const int64_t columns = gx->dim(3);
  const int64_t half = RoundUp(used.channels(), kBlock) * kPairHalf;
  Tensor sums(gx->shape());
  auto* const all = sums.mutable_data<float>();
  ParallelFor(columns / kPairColumns, kPanels, [&](int64_t begin, int64_t end) {
    for (int64_t p = 0; p < used.pixels(); ++p) {
      std::fill_n(all + p * columns + begin * kPairColumns,
                  (end - begin) * kPairColumns, 0.0f);
    }
    PairTask task = {};
    task.a_pair = 2;
    task.b_pair = 2 * kPairHalf;
    task.b_half = half;
    task.to_row = columns;
    task.add = true;
    for (int64_t g = 0; g < used.groups(); ++g) {
      task.rows = static_cast<int64_t>(used.list(g).size());
      task.pairs = used.Padded(g) / 2;
      task.a = left.data<uint16_t>() + g * used.pixels() * kGroup;
      task.a_row = used.Padded(g);
      task.to_rows = used.list(g).data();
      for (int64_t panel = begin; panel < end; ++panel) {
        task.b = weights + panel * 2 * half + g * kGroup * kPairHalf;
        task.to = all + panel * kPairColumns;
        MultiplyPairsAvx512(task);
      }
    }
  });
  ParallelToBf16(sums, gx);
  return true;
}

dnnl::memory::desc FewPixelsWeights(const Shape& weight) {
  return KernelDesc(weight, DType::kBF16,
                    dnnl::memory::format_tag::BAcd8a16b2a);
}

}  // namespace fcis::kernels
