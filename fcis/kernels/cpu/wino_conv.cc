#include "fcis/kernels/cpu/wino_conv.h"

#include <algorithm>

#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/core/base/thread_team.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

constexpr int kSide = 4;  // of a tile
constexpr int kTaps = 9;

// The kernels for this CPU, or null. DNNL_MAX_CPU_ISA counts.
struct Kernels {
  void (*forward)(const WinoTask&) = nullptr;
  void (*gradient)(const WinoGradientTask<float>&) = nullptr;
  void (*gradient_of_bf16)(const WinoGradientTask<uint16_t>&) = nullptr;
  void (*narrow)(const WinoNarrowTask<uint16_t>&) = nullptr;
  void (*whole)(const WinoNarrowTask<uint8_t>&) = nullptr;
};

Kernels FindKernels() {
  if (HasIsa(dnnl::cpu_isa::avx512_core_bf16)) {
    return {WinoTaskAvx512, WinoGradientAvx512, WinoNarrowGradientVnni,
            WinoNarrowVnni, WinoWholeVnni};
  }
  if (HasIsa(dnnl::cpu_isa::avx512_core_vnni)) {
    return {WinoTaskAvx512, WinoGradientAvx512, WinoGradientOfBf16Avx512,
            nullptr, WinoWholeVnni};
  }
  if (HasIsa(dnnl::cpu_isa::avx512_core)) {
    return {WinoTaskAvx512, WinoGradientAvx512, WinoGradientOfBf16Avx512};
  }
  if (HasIsa(dnnl::cpu_isa::avx2) && __builtin_cpu_supports("fma")) {
    return {WinoTaskAvx2, WinoGradientAvx2};
  }
  return {};
}

// Calls visit(index of O,I,3,3, index when packed).
template <typename Visit>
void ForEachWeight(const Shape& shape, const Visit& visit) {
  const int64_t channels = shape.dim(1);
  ParallelForEach(shape.dim(0), 1, [&](int64_t o) {
    const int64_t block = o / kWinoBlock, lane = o % kWinoBlock;
    for (int64_t i = 0; i < channels; ++i) {
      const int64_t blocks = (block * channels + i) / kWinoBlock;
      for (int64_t tap = 0; tap < kTaps; ++tap) {
        visit((o * channels + i) * kTaps + tap,
              ((blocks * kTaps + tap) * kWinoBlock + i % kWinoBlock) *
                      kWinoBlock +
                  lane);
      }
    }
  });
}

// O,I,3,3 as OIhw16i16o.
template <typename T>
Tensor Blocked(const T* weights, const Shape& shape) {
  Tensor blocked(shape);
  float* const to = blocked.mutable_data<float>();
  ForEachWeight(shape, [=](int64_t plain, int64_t packed) {
    to[packed] = static_cast<float>(weights[plain]);
  });
  return blocked;
}

// Whether it is such a convolution. Outputs come in vectors of kWinoBlock.
bool FitsTiles(const ConvParams& p, const Shape& weight, int64_t channels) {
  return weight.dim(2) == 3 && weight.dim(3) == 3 && p.stride == 1 &&
         p.pad == p.dilation && weight.dim(0) % kWinoBlock == 0 &&
         weight.dim(1) % channels == 0;
}

void FindTiles(const Shape& nhwc, int dilation, std::vector<WinoTile>* tiles) {
  tiles->clear();
  const int height = static_cast<int>(nhwc.dim(1));
  const int width = static_cast<int>(nhwc.dim(2));
  for (int64_t n = 0; n < nhwc.dim(0); ++n) {
    for (int phase = 0; phase < dilation * dilation; ++phase) {
      for (int y = phase / dilation; y < height; y += kSide * dilation) {
        for (int x = phase % dilation; x < width; x += kSide * dilation) {
          tiles->push_back({n, y, x});
        }
      }
    }
  }
}

// Work is cut into groups of tiles, each of which every share of the outputs
// takes on its own.
struct Cut {
  int64_t groups, shares;
};

Cut CutFor(int64_t tiles, const Shape& weight, DType maps) {
  // Many tiles make up for the transformation of the weights, which narrow ones
  // have behind them; few of few channels stay in the L2 cache.
  constexpr int64_t kShallow = 256, kFew = 64, kMany = 128;
  const int64_t usual =
      weight.dim(1) <= kShallow || maps != DType::kF32 ? kFew : kMany;
  const int64_t threads = NumThreads();
  const int64_t groups = std::max<int64_t>(1, (tiles + usual / 2) / usual);
  if (groups >= threads) {
    return {RoundUp(groups, threads), 1};
  }
  const int64_t panels = NumBlocks(weight.dim(0), kWinoWidth);
  return {groups, std::min(panels, NumBlocks(threads, groups))};
}

// Where the i-th of n parts begins, in whole panels.
int64_t ShareBegin(int64_t outputs, int64_t i, int64_t n) {
  const int64_t panels = NumBlocks(outputs, kWinoWidth);
  return std::min(outputs, panels * i / n * kWinoWidth);
}

// Blocks of channels, each of which every share of the outputs takes on its
// own.
struct GradientCut {
  int64_t blocks, shares;
};

GradientCut CutGradientFor(int64_t channels, int64_t outputs) {
  // With fewer, the transformation of gy is too large a part.
  constexpr int64_t kUsual = 64;
  const int64_t threads = NumThreads();
  const int64_t blocks =
      std::max(NumBlocks(channels, kWinoDepth),
               std::min(threads, std::max<int64_t>(1, channels / kUsual)));
  const int64_t panels = NumBlocks(outputs, kWinoWidth);
  return {blocks, std::min(panels, NumBlocks(threads, blocks))};
}

// Where the i-th of n blocks begins, in whole ones of kWinoBlock.
int64_t BlockBegin(int64_t channels, int64_t i, int64_t n) {
  return channels / kWinoBlock * i / n * kWinoBlock;
}

// Memory that the convolutions of a thread share. Grows to the largest of them.
struct WinoSpace {
  std::vector<WinoTile> tiles;
  std::vector<Tensor> scratch;  // per thread of the team
  std::vector<float> zeros;
  Tensor narrow;  // weights
};

WinoSpace* ThreadSpace() {
  thread_local WinoSpace space;
  return &space;
}

void Provide(int64_t floats, int64_t zeros, WinoSpace* space) {
  space->zeros.resize(
      std::max(space->zeros.size(), static_cast<size_t>(zeros)));
  space->scratch.resize(
      std::max(space->scratch.size(), static_cast<size_t>(NumThreads())));
  for (Tensor& t : space->scratch) {
    if (t.num_elements() < floats) t = Tensor(Shape{floats});
  }
}

// What both directions know of their maps; returns the number of tiles, which
// stand in `space`.
template <typename T>
int64_t Describe(const ConvParams& params, const Tensor& x, const Tensor& y,
                 WinoSpace* space, WinoMaps<T>* maps) {
  FindTiles(x.shape(), params.dilation, &space->tiles);
  maps->height = static_cast<int>(x.dim(1));
  maps->width = static_cast<int>(x.dim(2));
  maps->dilation = params.dilation;
  maps->channels = x.dim(3);
  maps->outputs = y.dim(3);
  maps->x_block = ChannelBlock(x);
  maps->y_block = ChannelBlock(y);
  maps->x = static_cast<const T*>(x.raw());
  return static_cast<int64_t>(space->tiles.size());
}

template <typename T>
void RunGradient(const ConvParams& params, const Tensor& x, const Tensor& gy,
                 bool add, void (*run)(const WinoGradientTask<T>&),
                 float* gweights, float* gbias) {
  WinoSpace* const space = ThreadSpace();
  WinoGradientTask<T> task = {};
  const int64_t tiles = Describe<T>(params, x, gy, space, &task);
  task.gy = static_cast<const T*>(gy.raw());
  task.gweights = gweights;
  task.gbias = gbias;
  // What is multiplied stays in the L2 cache. The order of sums over tiles is
  // the same for any number of threads.
  constexpr int64_t kMostTiles = 136;
  const int64_t groups = NumBlocks(tiles, kMostTiles);
  const GradientCut cut = CutGradientFor(task.channels, task.outputs);
  Provide(kWinoPlanes * ((kMostTiles + kWinoWidth) * kWinoDepth +
                         kMostTiles * kWinoWidth + 3 * kWinoPad),
          task.channels, space);
  task.zeros = reinterpret_cast<const T*>(space->zeros.data());
  ParallelFor(cut.blocks * cut.shares, 1, [&](int64_t begin, int64_t end) {
    WinoGradientTask<T> mine = task;
    mine.scratch = static_cast<float*>(
        space->scratch[CurrentPlace().member].mutable_raw());
    for (int64_t i = begin; i < end; ++i) {
      const int64_t block = i / cut.shares, share = i % cut.shares;
      mine.first_channel = BlockBegin(task.channels, block, cut.blocks);
      mine.end_channel = BlockBegin(task.channels, block + 1, cut.blocks);
      mine.first_output = ShareBegin(task.outputs, share, cut.shares);
      mine.end_output = ShareBegin(task.outputs, share + 1, cut.shares);
      for (int64_t g = 0; g < groups; ++g) {
        const int64_t first = tiles * g / groups;
        mine.tiles = space->tiles.data() + first;
        mine.num_tiles = static_cast<int>(tiles * (g + 1) / groups - first);
        mine.add = add || g > 0;
        run(mine);
      }
    }
  });
}

// A WinoTask or a WinoNarrowTask of which maps, weights and scratch memory are
// still to be named.
template <typename Task>
void RunForward(const ConvParams& params, int64_t tiles, const float* bias,
                WinoSpace* space, void (*run)(const Task&), const Cut& cut,
                Task task) {
  task.relu = params.relu;
  task.zeros = reinterpret_cast<decltype(task.zeros)>(space->zeros.data());
  task.bias = bias == nullptr ? space->zeros.data() : bias;
  ParallelFor(cut.groups * cut.shares, 1, [&](int64_t begin, int64_t end) {
    Task mine = task;
    mine.scratch = static_cast<float*>(
        space->scratch[CurrentPlace().member].mutable_raw());
    for (int64_t i = begin; i < end; ++i) {
      const int64_t group = i / cut.shares, share = i % cut.shares;
      const int64_t first = tiles * group / cut.groups;
      mine.tiles = space->tiles.data() + first;
      mine.num_tiles =
          static_cast<int>(tiles * (group + 1) / cut.groups - first);
      mine.first_output = ShareBegin(task.outputs, share, cut.shares);
      mine.end_output = ShareBegin(task.outputs, share + 1, cut.shares);
      run(mine);
    }
  });
}

// The weights of a WinoNarrowTask from OIhw16i16o.
void PackNarrow(const Shape& kernel, const float* weights, bool turned,
                void (*pack)(const WinoTask&, int16_t*), Tensor* to) {
  WinoTask task = {};
  task.outputs = kernel.dim(0);
  task.channels = kernel.dim(1);
  task.weights = weights;
  task.turned = turned;
  const int64_t size = WinoNarrowOffset(task.channels, task.outputs);
  if (to->num_elements() < size) *to = Tensor(Shape{size}, DType::kI16);
  auto* const packed = static_cast<int16_t*>(to->mutable_raw());
  const int64_t panels = NumBlocks(task.outputs, kWinoWidth);
  ParallelFor(panels, 1, [&](int64_t begin, int64_t end) {
    WinoTask mine = task;
    mine.first_output = ShareBegin(task.outputs, begin, panels);
    mine.end_output = ShareBegin(task.outputs, end, panels);
    pack(mine, packed);
  });
}

template <typename T>
void RunNarrow(const ConvParams& params, const Shape& kernel,
               const Tensor& packed, const float* bias, const float* factors,
               void (*run)(const WinoNarrowTask<T>&), const Tensor& x,
               Tensor* y) {
  WinoSpace* const space = ThreadSpace();
  WinoNarrowTask<T> task = {};
  const int64_t tiles = Describe<T>(params, x, *y, space, &task);
  task.weights = static_cast<const int16_t*>(packed.raw());
  task.factors = factors;
  task.y = static_cast<T*>(y->mutable_raw());
  const Cut cut = CutFor(tiles, kernel, x.type());
  const int64_t most = (tiles + cut.groups - 1) / cut.groups;
  Provide(WinoNarrowScratch(most, task.channels),
          std::max(task.channels, task.outputs), space);
  RunForward(params, tiles, bias, space, run, cut, task);
}

void RunWide(const ConvParams& params, const Shape& kernel,
             const float* weights, bool turned, const float* bias,
             const Tensor& x, Tensor* y) {
  WinoSpace* const space = ThreadSpace();
  WinoTask task = {};
  const int64_t tiles = Describe<float>(params, x, *y, space, &task);
  task.turned = turned;
  task.weights = weights;
  task.y = static_cast<float*>(y->mutable_raw());
  const Cut cut = CutFor(tiles, kernel, DType::kF32);
  const int64_t most = (tiles + cut.groups - 1) / cut.groups;
  Provide(kWinoPlanes * (most * (task.channels + kWinoWidth) +
                         kWinoDepth * kWinoWidth + 3 * kWinoPad),
          std::max(task.channels, task.outputs), space);
  RunForward(params, tiles, bias, space, FindKernels().forward, cut, task);
}

}  // namespace

bool WinoConv::Fits(const ConvParams& p, const Shape& weight, DType maps) {
  const Kernels kernels = FindKernels();
  return FitsTiles(p, weight, kWinoBlock) &&
         (maps == DType::kBF16 ? kernels.narrow != nullptr && !p.f32_output
                               : kernels.forward != nullptr);
}

WinoConv::WinoConv(const ConvParams& params, const Tensor& weight,
                   const Tensor& bias, DType maps)
    : params_(params), shape_(weight.shape()), bias_(bias) {
  packed_ = Blocked(weight.data<float>(), shape_);
  if (maps != DType::kBF16) return;
  Tensor narrow;
  PackNarrow(shape_, packed_.data<float>(), /*turned=*/false,
             WinoNarrowWeightsVnni, &narrow);
  packed_ = narrow;
  rounded_ = AsMapType(weight, DType::kBF16);
}

Tensor WinoConv::Weight() const {
  if (rounded_.type() == DType::kBF16) return AsF32(rounded_);
  Tensor weight(shape_);
  const float* from = packed_.data<float>();
  float* to = weight.mutable_data<float>();
  ForEachWeight(
      shape_, [=](int64_t plain, int64_t packed) { to[plain] = from[packed]; });
  return weight;
}

void WinoConv::Run(const Tensor& x, Tensor* y) const {
  const float* const bias = bias_.data<float>();
  if (x.type() == DType::kBF16) {
    RunNarrow(params_, shape_, packed_, bias, nullptr, FindKernels().narrow, x,
              y);
  } else {
    RunWide(params_, shape_, packed_.data<float>(), /*turned=*/false, bias, x,
            y);
  }
}

bool WinoInt8Conv::Fits(const Int8ConvParams& p, const Shape& weight) {
  constexpr int64_t kChannels = 32;  // that lie side by side
  return FitsTiles(p.conv, weight, kChannels) && p.x.type == DType::kU8 &&
         p.y && p.y->type == DType::kU8 && !p.residual &&
         FindKernels().whole != nullptr;
}

WinoInt8Conv::WinoInt8Conv(const Int8ConvParams& params,
                           const Int8Weights& weights)
    : params_(params.conv),
      shape_(weights.elements.shape()),
      factors_(Int8FactorsOf(params, weights)) {
  const Tensor blocked = Blocked(weights.elements.data<int8_t>(), shape_);
  PackNarrow(shape_, blocked.data<float>(), /*turned=*/false,
             WinoWholeWeightsVnni, &packed_);
}

void WinoInt8Conv::Run(const Tensor& x, Tensor* y) const {
  RunNarrow(params_, shape_, packed_, factors_.bias.data(),
            factors_.factor.data(), FindKernels().whole, x, y);
}

void RunWino(const ConvParams& params, const Shape& kernel,
             const float* weights, bool turned, const float* bias,
             const Tensor& x, Tensor* y) {
  if (x.type() != DType::kBF16) {
    return RunWide(params, kernel, weights, turned, bias, x, y);
  }
  Tensor* const packed = &ThreadSpace()->narrow;
  PackNarrow(kernel, weights, turned, WinoNarrowWeightsVnni, packed);
  RunNarrow(params, kernel, *packed, bias, nullptr, FindKernels().narrow, x, y);
}

void RunWinoGradient(const ConvParams& params, const Tensor& x,
                     const Tensor& gy, bool add, float* gweights,
                     float* gbias) {
  const Kernels kernels = FindKernels();
  if (x.type() == DType::kBF16) {
    RunGradient(params, x, gy, add, kernels.gradient_of_bf16, gweights, gbias);
  } else {
    RunGradient(params, x, gy, add, kernels.gradient, gweights, gbias);
  }
}

}  // namespace fcis::kernels
