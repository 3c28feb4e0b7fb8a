#include "fcis/kernels/cpu/wino_conv.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/wino_cases.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

class WinoConvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ConvParams params;
    params.pad = 1;
    if (!WinoConv::Fits(params, Shape{16, 16, 3, 3})) {
      GTEST_SKIP() << "needs AVX2 and FMA";
    }
  }
};

Tensor Winograd(const WinoOperands& o) {
  Tensor y(
      ops::InferConvShape(o.params, o.x.shape(), o.weight.shape()).value());
  WinoConv(o.params, o.weight, o.bias).Run(o.x, &y);
  return y;
}

TEST_F(WinoConvTest, ErrorIsWithinTheBound) {
  for (const WinoCase& c : WinoCases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const WinoOperands o(c);
    int wrong = 0;
    ForOutputs(Winograd(o), 7,
               [&](int64_t n, int64_t h, int64_t w, int64_t out, float y) {
                 const Exact e = ExactAt(o, n, h, w, out);
                 wrong += !(std::fabs(y - e.y) <= e.bound);
               });
    EXPECT_EQ(wrong, 0);
  }
}

// What the header says of random operands.
TEST_F(WinoConvTest, RoundsAboutTwiceAsMuchAsDirectSums) {
  const WinoOperands o({{1, 16, 20, 256}, 16, 1, false});
  double squares = 0, direct_squares = 0, most = 0, direct_most = 0;
  ForOutputs(Winograd(o), 5,
             [&](int64_t n, int64_t h, int64_t w, int64_t out, float y) {
               const Exact e = ExactAt(o, n, h, w, out);
               const double error = std::fabs(y - e.y),
                            direct = std::fabs(e.direct - e.y);
               squares += error * error;
               direct_squares += direct * direct;
               most = std::max(most, error);
               direct_most = std::max(direct_most, direct);
             });
  EXPECT_LE(std::sqrt(squares), 2.5 * std::sqrt(direct_squares));
  EXPECT_LE(most, 4 * direct_most);
}

TEST_F(WinoConvTest, ThreadsDoNotChangeABit) {
  for (const WinoCase& c : {WinoCase{{1, 37, 50, 32}, 96, 1, true},
                            WinoCase{{1, 19, 25, 272}, 64, 2, true}}) {
    const WinoOperands o(c);
    SetNumThreads(1);
    const Tensor one = Winograd(o);
    for (const int threads : {2, 3, 16}) {
      SetNumThreads(threads);
      EXPECT_TRUE(SameBits(Winograd(o), one)) << threads;
    }
  }
  SetNumThreads(0);
}

TEST_F(WinoConvTest, InstructionSetsDoNotChangeABit) {
  if (!HasIsa(dnnl::cpu_isa::avx512_core)) GTEST_SKIP() << "needs AVX-512";
  const WinoOperands o({{1, 9, 13, 144}, 48, 1, true});
  const std::vector<WinoTile> tiles = {{0, 0, 0}, {0, 4, 8}, {0, 8, 12}};
  const std::vector<float> zeros(144);
  std::vector<float> scratch(1 << 18);
  Tensor y[2];
  for (Tensor& t : y) {
    t = Tensor::Zeros(Shape{1, 9, 13, 48});
    WinoTask task = {};
    task.height = 9;
    task.width = 13;
    task.dilation = 1;
    task.channels = task.x_block = 144;
    task.outputs = task.y_block = task.end_output = 48;
    task.relu = true;
    task.x = o.x.data<float>();
    task.weights = o.weight.data<float>();
    task.bias = o.bias.data<float>();
    task.zeros = zeros.data();
    task.y = t.mutable_data<float>();
    task.tiles = tiles.data();
    task.num_tiles = static_cast<int>(tiles.size());
    task.scratch = scratch.data();
    (&t == y ? WinoTaskAvx2 : WinoTaskAvx512)(task);
  }
  EXPECT_TRUE(SameBits(y[0], y[1]));
}

TEST_F(WinoConvTest, WeightsComeBack) {
  const WinoOperands o({{1, 4, 4, 32}, 48, 1, false});
  EXPECT_TRUE(
      SameBits(WinoConv(o.params, o.weight, o.bias).Weight(), o.weight));
}

// The map in blocks of channels, as training has it.
Tensor InBlocks(const Tensor& map) {
  Tensor blocked = AllocateIn(Layout::kBackend, map.shape(), DType::kF32);
  const int64_t block = ChannelBlock(blocked), channels = map.dim(3);
  const int64_t pixels = map.dim(1) * map.dim(2);
  auto* to = static_cast<float*>(blocked.mutable_raw());
  for (int64_t i = 0; i < map.num_elements(); ++i) {
    const int64_t c = i % channels, pixel = i / channels;
    to[pixel / pixels * pixels * channels + c / block * block * pixels +
       pixel % pixels * block + c % block] = map.data<float>()[i];
  }
  return blocked;
}

// As the convolution with the turned and transposed kernel.
TEST_F(WinoConvTest, GradientOfX) {
  for (const WinoCase& c : WinoCases()) {
    WinoOperands o(c);
    const Tensor turned = Turned(o.weight);
    const Tensor gy =
        RandomTensor("gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs});
    o.params.relu = false;
    Tensor want(c.x), got(c.x);
    WinoConv(o.params, turned, Tensor::Zeros({turned.dim(0)})).Run(gy, &want);
    RunWino(o.params, turned.shape(), PackedWeights(o.weight, true).data(),
            /*turned=*/true, nullptr, gy, &got);
    EXPECT_TRUE(SameBits(got, want)) << c.x.ToString();
  }
}

TEST_F(WinoConvTest, GradientsOfWeightsAreWithinTheBound) {
  for (const WinoCase& c : WinoCases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const WinoOperands o(c);
    const Tensor gy =
        RandomTensor("gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs});
    const Gradients got = WinogradGradients(o, o.x, gy, 1);
    int wrong = 0;
    ForWeights(o, got, 101,
               [&](int64_t out, int64_t in, int r, int column, float gw) {
                 const Exact e = GradientAt(o, gy, out, in, r, column);
                 wrong += !(std::fabs(gw - e.y) <= e.bound);
               });
    EXPECT_EQ(wrong, 0);
    for (int64_t out = 0; out < c.outputs; ++out) {
      double sum = 0, sizes = 0;
      ForOutputs(gy, 1, [&](int64_t, int64_t, int64_t, int64_t of, float g) {
        sum += of == out ? g : 0;
        sizes += of == out ? std::fabs(g) : 0;
      });
      EXPECT_NEAR(got.bias.data<float>()[out], sum,
                  sizes * static_cast<double>(gy.num_elements()) /
                      static_cast<double>(c.outputs) * kRoundoff);
    }
  }
}

TEST_F(WinoConvTest, NeitherThreadsNorLayoutsChangeABitOfGradients) {
  for (const WinoCase& c : {WinoCase{{1, 37, 50, 32}, 96, 1, false},
                            WinoCase{{2, 19, 25, 272}, 64, 2, false}}) {
    const WinoOperands o(c);
    const Tensor gy =
        RandomTensor("gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs});
    SetNumThreads(1);
    const Gradients one = WinogradGradients(o, o.x, gy, 2);
    for (const int threads : {1, 2, 3, 16}) {
      SetNumThreads(threads);
      const Gradients got =
          WinogradGradients(o, InBlocks(o.x), InBlocks(gy), 2);
      EXPECT_EQ(got.weight, one.weight) << threads;
      EXPECT_TRUE(SameBits(got.bias, one.bias)) << threads;
    }
  }
  SetNumThreads(0);
}

// A task for all of a map of 11 x 13 pixels, from 144 channels to 48 outputs.
template <typename T>
Gradients GradientsBy(void (*run)(const WinoGradientTask<T>&), const Tensor& x,
                      const Tensor& gy) {
  const std::vector<T> zeros(144);
  std::vector<WinoTile> tiles;
  for (int y = 0; y < 11; y += 4) {
    for (int column = 0; column < 13; column += 4) {
      tiles.push_back({0, y, column});
    }
  }
  std::vector<float> scratch(1 << 18);
  Gradients g = {std::vector<float>(48 * 144 * 9), Tensor(Shape{48})};
  WinoGradientTask<T> task = {};
  task.height = 11;
  task.width = 13;
  task.dilation = 1;
  task.channels = task.x_block = 144;
  task.outputs = task.y_block = task.end_output = 48;
  task.x = static_cast<const T*>(x.raw());
  task.gy = static_cast<const T*>(gy.raw());
  task.zeros = zeros.data();
  task.tiles = tiles.data();
  task.num_tiles = static_cast<int>(tiles.size());
  task.gweights = g.weight.data();
  task.gbias = g.bias.mutable_data<float>();
  task.scratch = scratch.data();
  for (const int64_t channel : {0, 128}) {
    task.first_channel = channel;
    task.end_channel = std::min<int64_t>(144, channel + kWinoDepth);
    run(task);
  }
  return g;
}

TEST_F(WinoConvTest, GradientsOfBf16AreThoseOfTheSameNumbers) {
  if (!HasIsa(dnnl::cpu_isa::avx512_core)) GTEST_SKIP() << "needs AVX-512";
  const Tensor x = RandomTensor("x", {1, 11, 13, 144}, DType::kBF16);
  const Tensor gy = RandomTensor("gy", {1, 11, 13, 48}, DType::kBF16);
  const Gradients of_bf16 = GradientsBy(WinoGradientOfBf16Avx512, x, gy);
  const Gradients of_f32 = GradientsBy(WinoGradientAvx512, AsF32(x), AsF32(gy));
  EXPECT_EQ(of_bf16.weight, of_f32.weight);
  EXPECT_TRUE(SameBits(of_bf16.bias, of_f32.bias));
}

TEST_F(WinoConvTest, LayoutsDoNotChangeABit) {
  for (const WinoCase& c : WinoCases()) {
    const WinoOperands o(c);
    const Tensor want = InBlocks(Winograd(o));
    Tensor got = AllocateIn(Layout::kBackend, want.shape(), DType::kF32);
    RunWino(o.params, o.weight.shape(), PackedWeights(o.weight, false).data(),
            /*turned=*/false, o.bias.data<float>(), InBlocks(o.x), &got);
    EXPECT_TRUE(SameBits(got, want)) << c.x.ToString();
  }
}

TEST_F(WinoConvTest, FitsOnlyItsKind) {
  ConvParams params;
  params.pad = 1;
  const Shape usual = {32, 16, 3, 3};
  EXPECT_TRUE(WinoConv::Fits(params, usual));
  EXPECT_FALSE(WinoConv::Fits(params, {32, 16, 1, 1}));
  EXPECT_FALSE(WinoConv::Fits(params, {32, 24, 3, 3}));
  EXPECT_FALSE(WinoConv::Fits(params, {24, 16, 3, 3}));
  params.stride = 2;
  EXPECT_FALSE(WinoConv::Fits(params, usual));
  params.stride = 1;
  params.pad = 0;
  EXPECT_FALSE(WinoConv::Fits(params, usual));
  params.pad = params.dilation = 2;
  EXPECT_TRUE(WinoConv::Fits(params, usual));
}

}  // namespace
}  // namespace fcis::kernels
