#include "fcis/kernels/cpu/amx_gradient.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/cpu/amx_gradient_kernel.h"
#include "fcis/kernels/cpu/amx_kernel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis::kernels {
namespace {

// Of kAmxDepth positions each, that are interleaved at a time.
constexpr size_t kMostSteps = 64;

// Bytes from a row's first operands to those of each step.
constexpr std::array<int64_t, kMostSteps> MakeSteps() {
  std::array<int64_t, kMostSteps> steps = {};
  for (size_t i = 0; i < kMostSteps; ++i) {
    steps[i] = static_cast<int64_t>(i) * kAmxRow;
  }
  return steps;
}
constexpr std::array<int64_t, kMostSteps> kSteps = MakeSteps();

// The gradient of a tap is a product over all positions of gy: those of its
// pixels, row by row, with as many columns and rows of zeros behind each row
// and picture as a tap reaches beyond the map. So a tap is a step along the
// positions, the same for all of them.
class Positions {
 public:
  Positions(const Tensor& map, const Shape& y, int stride, int reach,
            const uint16_t* zeros)
      : map_(map.data<uint16_t>()),
        map_height_(map.dim(1)),
        map_width_(map.dim(2)),
        channels_(map.dim(3)),
        pictures_(y.dim(0)),
        height_(y.dim(1)),
        width_(y.dim(2)),
        stride_(stride),
        pitch_(width_ + reach),
        rows_(height_ + reach),
        zeros_(zeros) {}

  int64_t pitch() const { return pitch_; }
  int64_t size() const { return pictures_ * rows_ * pitch_; }

  // The pixels of kAmxDepth positions, the first one given; those that are no
  // pixels are zeros.
  void Fill(int64_t first, const uint16_t** pixels) const {
    int64_t column = first % pitch_, row = first / pitch_;
    for (int64_t k = 0; k < kAmxDepth; ++k) {
      pixels[k] = At(row, column);
      if (++column == pitch_) {
        column = 0;
        ++row;
      }
    }
  }

 private:
  const uint16_t* At(int64_t row, int64_t column) const {
    const int64_t picture = row / rows_, y = row % rows_;
    if (picture >= pictures_ || y >= height_ || column >= width_) return zeros_;
    return map_ + ((picture * map_height_ + y * stride_) * map_width_ +
                   column * stride_) *
                      channels_;
  }

  const uint16_t* const map_;
  const int64_t map_height_, map_width_, channels_;
  const int64_t pictures_, height_, width_, stride_, pitch_, rows_;
  const uint16_t* const zeros_;
};

class Gradient {
 public:
  Gradient(const ConvParams& params, const Shape& weight, const Tensor& x,
           const Tensor& gy, bool add, float* gweights, float* gbias)
      : outputs_(weight.dim(0)),
        channels_(weight.dim(1)),
        side_(weight.dim(2)),
        reach_(params.pad),
        add_(add),
        gweights_(gweights),
        gbias_(gbias),
        zeros_(static_cast<size_t>(
            RoundUp(std::max(outputs_, channels_), kAmxTile))),
        in_(x, gy.shape(), params.stride, params.pad, zeros_.data()),
        out_(gy, gy.shape(), 1, params.pad, zeros_.data()),
        depth_(RoundUp(out_.size(), kAmxDepth)),
        halo_(RoundUp(reach_ * (in_.pitch() + 1), kAmxDepth)) {
    // Rows an odd number of cache lines apart do not fall onto each other.
    const int64_t lines = (depth_ + 2 * halo_) / kAmxDepth;
    row_ = (lines | 1) * kAmxDepth;
    left_ = Tensor({RoundUp(channels_, kAmxTile), row_}, DType::kBF16);
  }

  void Run() {
    TransposeIn();
    const int64_t threads = NumThreads();
    // What is interleaved of gy stays in half the L2 cache.
    constexpr int64_t kMostOutputs = 256;
    width_ =
        std::min(kMostOutputs, RoundUp(NumBlocks(outputs_, threads), kPanel));
    const int64_t ranges = NumBlocks(outputs_, width_);
    const int64_t shares =
        std::min(NumBlocks(channels_, kPanel), NumBlocks(threads, ranges));
    ParallelFor(ranges * shares, 1, [&](int64_t begin, int64_t end) {
      ConfigureAmx(kAmxTile, kAmxTile, kAmxRow);
      for (int64_t i = begin; i < end; ++i) {
        RunRange(i / shares * width_, i % shares, shares);
      }
      ReleaseAmx();
    });
  }

 private:
  // Channels or outputs that are multiplied at a time.
  static constexpr int64_t kPanel = 2 * kAmxTile;

  void TransposeIn() {
    uint16_t* const to = left_.mutable_data<uint16_t>();
    ParallelForEach(left_.dim(0), kPanel, [&](int64_t c) {
      std::fill_n(to + c * row_, halo_, 0);
      std::fill_n(to + c * row_ + halo_ + depth_, halo_, 0);
    });
    ParallelForEach(depth_ / kAmxDepth, 1, [&](int64_t i) {
      const uint16_t* pixels[kAmxDepth];
      in_.Fill(i * kAmxDepth, pixels);
      for (int64_t c = 0; c < channels_; c += kAmxTile) {
        AmxTranspose(pixels, channels_ - c,
                     to + c * row_ + halo_ + i * kAmxDepth, row_);
        for (const uint16_t*& pixel : pixels) pixel += kAmxTile;
      }
    });
  }

  // Outputs from `first` on, a share of the channels.
  void RunRange(int64_t first, int64_t share, int64_t shares) {
    const int64_t panels = NumBlocks(channels_, kPanel);
    const int64_t begin = panels * share / shares * kPanel;
    const int64_t end =
        std::min(channels_, panels * (share + 1) / shares * kPanel);
    const int64_t outputs = std::min(width_, outputs_ - first);
    const int64_t steps = depth_ / kAmxDepth;
    const int64_t parts = NumBlocks(steps, int64_t{kMostSteps});
    const int64_t most = NumBlocks(steps, parts);
    Tensor right({RoundUp(outputs, kAmxTile) / kAmxTile, most, kAmxOperands},
                 DType::kBF16);
    std::vector<float> sums(static_cast<size_t>(RoundUp(outputs, kAmxTile)));
    for (int64_t part = 0; part < parts; ++part) {
      const int64_t from = steps * part / parts;
      const int64_t count = steps * (part + 1) / parts - from;
      Interleave(first, outputs, from, count, most, &right, sums.data());
      for (int64_t c = begin; c < end; c += kPanel) {
        for (int64_t o = 0; o < outputs; o += kPanel) {
          MultiplyPanel(
              c, first + o, from, count,
              right.data<uint16_t>() + o / kAmxTile * most * kAmxOperands,
              most * kAmxOperands, add_ || part > 0);
        }
      }
    }
    if (begin > 0) return;
    for (int64_t o = 0; o < outputs; ++o) {
      float& to = gbias_[first + o];
      to = add_ ? to + sums[static_cast<size_t>(o)]
                : sums[static_cast<size_t>(o)];
    }
  }

  // right: tiles [outputs / kAmxTile, most] of `count` times kAmxDepth
  // positions.
  void Interleave(int64_t first, int64_t outputs, int64_t from, int64_t count,
                  int64_t most, Tensor* right, float* sums) const {
    uint16_t* const to = right->mutable_data<uint16_t>();
    const uint16_t* pixels[kAmxDepth];
    for (int64_t i = 0; i < count; ++i) {
      out_.Fill((from + i) * kAmxDepth, pixels);
      for (const uint16_t*& pixel : pixels) pixel += first;
      for (int64_t o = 0; o < outputs; o += kAmxTile) {
        AmxInterleave(pixels, outputs - o,
                      to + (o / kAmxTile * most + i) * kAmxOperands, sums + o);
        for (const uint16_t*& pixel : pixels) pixel += kAmxTile;
      }
    }
  }

  // All taps of up to kPanel channels and outputs.
  void MultiplyPanel(int64_t channel, int64_t output, int64_t from,
                     int64_t count, const uint16_t* right, int64_t right_stride,
                     bool add) {
    constexpr int64_t kSize = sizeof(uint16_t);
    constexpr int64_t kTileSums = kAmxTile * kAmxTile;
    const int64_t taps = side_ * side_;
    const auto bytes = [](const uint16_t* at) {
      return reinterpret_cast<const char*>(at);
    };
    const bool two_high = channels_ - channel > kAmxTile;
    const bool two_wide = outputs_ - output > kAmxTile;
    AmxPanel p;
    p.x_pixel = row_ * kSize;
    p.steps = kSteps.data();
    p.num_steps = count;
    p.weights = bytes(right);
    p.weights1 = bytes(right + right_stride);
    p.step_size = kAmxOperands * kSize;
    p.sums_row = kAmxTile * static_cast<int64_t>(sizeof(float));
    p.sums_below = taps * kTileSums;
    p.sums_beside = left_.dim(0) / kAmxTile * p.sums_below;
    p.adds = add;
    const uint16_t* const left =
        left_.data<uint16_t>() + channel * row_ + halo_ + from * kAmxDepth;
    float* const sums = gweights_ + output / kAmxTile * p.sums_beside +
                        channel / kAmxTile * p.sums_below;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t y = tap / side_ - side_ / 2, x = tap % side_ - side_ / 2;
      p.x = bytes(left + reach_ * (y * in_.pitch() + x));
      p.sums = sums + tap * kTileSums;
      MultiplyAmxBf16(p, two_high, two_wide);
    }
  }

  const int64_t outputs_, channels_, side_, reach_;
  const bool add_;
  float *const gweights_, *const gbias_;
  const std::vector<uint16_t> zeros_;
  const Positions in_, out_;
  const int64_t depth_;  // positions, in whole steps
  const int64_t halo_;   // zeros before and behind them
  int64_t row_, width_ = 0;
  Tensor left_;  // channels, each in a row
};

}  // namespace

bool FitsAmxGradient(const ConvParams& p, const Shape& weight) {
  const bool single = weight.dim(2) == 1 && weight.dim(3) == 1 && p.pad == 0;
  const bool square = weight.dim(2) == 3 && weight.dim(3) == 3 &&
                      p.stride == 1 && p.pad == p.dilation;
  return (single || square) && CpuHasAmx();
}

void RunAmxGradient(const ConvParams& params, const Shape& weight,
                    const Tensor& x, const Tensor& gy, bool add,
                    float* gweights, float* gbias) {
  Gradient(params, weight, x, gy, add, gweights, gbias).Run();
}

}  // namespace fcis::kernels
