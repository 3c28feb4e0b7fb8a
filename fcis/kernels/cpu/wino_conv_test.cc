#include "fcis/kernels/cpu/wino_conv.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

constexpr double kRoundoff = 1.0 / (1 << 24);

struct Case {
  Shape x;
  int64_t outputs;
  int dilation;
  bool relu;
};

// Whole tiles and parts of them, several blocks of channels, fewer outputs than
// a panel has.
std::vector<Case> Cases() {
  return {{{1, 8, 8, 16}, 32, 1, false},   {{2, 9, 13, 32}, 48, 1, true},
          {{1, 9, 14, 16}, 16, 2, true},   {{1, 7, 6, 272}, 16, 1, false},
          {{1, 1, 1, 16}, 16, 1, false},   {{3, 2, 1, 16}, 16, 2, false},
          {{1, 19, 23, 144}, 80, 3, false}};
}

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

struct Operands {
  explicit Operands(const Case& c)
      : x(RandomTensor("x", c.x)),
        weight(RandomTensor("w", Shape{c.outputs, c.x.dim(3), 3, 3})),
        bias(RandomTensor("b", Shape{c.outputs})) {
    params.pad = params.dilation = c.dilation;
    params.relu = c.relu;
  }
  ConvParams params;
  Tensor x, weight, bias;
};

Tensor Winograd(const Operands& o) {
  Tensor y(
      ops::InferConvShape(o.params, o.x.shape(), o.weight.shape()).value());
  WinoConv(o.params, o.weight, o.bias).Run(o.x, &y);
  return y;
}

double At(const Tensor& x, int64_t n, int64_t h, int64_t w, int64_t c) {
  if (h < 0 || h >= x.dim(1) || w < 0 || w >= x.dim(2)) return 0;
  return x.data<float>()[((n * x.dim(1) + h) * x.dim(2) + w) * x.dim(3) + c];
}

// |A^T| (|G| g * |B^T| d) of one axis: output i, tap r, input p of a tile.
struct Growth {
  Growth() {
    constexpr double a = 0.625, b = 1.5, aa = a * a, bb = b * b;
    const double out[4][6] = {{1, 1, 1, 1, 1, 0},
                              {0, a, a, b, b, 0},
                              {0, aa, aa, bb, bb, 0},
                              {0, a * aa, a * aa, b * bb, b * bb, 1}};
    const double ends = 1 / (aa * bb), ga = 1 / (2 * aa * (bb - aa)),
                 gb = 1 / (2 * bb * (bb - aa));
    const double kernel[6][3] = {{ends, 0, 0},          {ga, ga * a, ga * aa},
                                 {ga, ga * a, ga * aa}, {gb, gb * b, gb * bb},
                                 {gb, gb * b, gb * bb}, {0, 0, 1}};
    const double in[6][6] = {
        {aa * bb, 0, aa + bb, 0, 1, 0}, {0, a * bb, bb, a, 1, 0},
        {0, a * bb, bb, a, 1, 0},       {0, b * aa, aa, b, 1, 0},
        {0, b * aa, aa, b, 1, 0},       {0, aa * bb, 0, aa + bb, 0, 1}};
    for (int i = 0; i < 4; ++i) {
      for (int r = 0; r < 3; ++r) {
        for (int p = 0; p < 6; ++p) {
          at[i][r][p] = 0;
          for (int k = 0; k < 6; ++k) {
            at[i][r][p] += out[i][k] * kernel[k][r] * in[k][p];
          }
        }
      }
    }
  }
  double at[4][3][6];
};

// An output in double, what a direct sum in f32 makes of it, and the bound of
// wino_conv.h.
struct Exact {
  double y, bound;
  float direct;
};

Exact ExactAt(const Operands& o, int64_t n, int64_t h, int64_t w, int64_t out) {
  static const auto& growth = *new Growth();
  const int d = o.params.dilation;
  const int64_t channels = o.x.dim(3);
  const int64_t i = h / d % 4, j = w / d % 4;
  const double bias = o.bias.data<float>()[out];
  Exact e = {bias, std::fabs(bias), static_cast<float>(bias)};
  for (int64_t c = 0; c < channels; ++c) {
    for (int r = 0; r < 3; ++r) {
      for (int s = 0; s < 3; ++s) {
        const double g =
            o.weight.data<float>()[((out * channels + c) * 3 + r) * 3 + s];
        const double x = At(o.x, n, h + (r - 1) * d, w + (s - 1) * d, c);
        e.y += g * x;
        e.direct += static_cast<float>(g) * static_cast<float>(x);
        for (int p = 0; p < 6; ++p) {
          for (int q = 0; q < 6; ++q) {
            e.bound += growth.at[i][r][p] * growth.at[j][s][q] * std::fabs(g) *
                       std::fabs(At(o.x, n, h + (p - i - 1) * d,
                                    w + (q - j - 1) * d, c));
          }
        }
      }
    }
  }
  e.bound *= (static_cast<double>(channels) + 40) * kRoundoff;
  if (o.params.relu) {
    e.y = std::max(e.y, 0.0);
    e.direct = std::max(e.direct, 0.0f);
  }
  return e;
}

// Visits pixels of y, every `step`-th output.
template <typename Visit>
void ForOutputs(const Tensor& y, int64_t step, const Visit& visit) {
  for (int64_t i = 0; i < y.num_elements(); i += step) {
    const int64_t out = i % y.dim(3), pixel = i / y.dim(3);
    const int64_t row = pixel / y.dim(2);
    visit(row / y.dim(1), row % y.dim(1), pixel % y.dim(2), out,
          y.data<float>()[i]);
  }
}

TEST_F(WinoConvTest, ErrorIsWithinTheBound) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const Operands o(c);
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
  const Operands o({{1, 16, 20, 256}, 16, 1, false});
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

bool SameBits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.raw(), b.raw(), a.num_bytes()) == 0;
}

TEST_F(WinoConvTest, ThreadsDoNotChangeABit) {
  for (const Case& c : {Case{{1, 37, 50, 32}, 96, 1, true},
                        Case{{1, 19, 25, 272}, 64, 2, true}}) {
    const Operands o(c);
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
  const Operands o({{1, 9, 13, 144}, 48, 1, true});
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
  const Operands o({{1, 4, 4, 32}, 48, 1, false});
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

// O,I,3,3 as oneDNN's OIhw16i16o; turned: as its IOhw16o16i.
std::vector<float> Packed(const Tensor& weight, bool turned) {
  const int64_t inputs = weight.dim(1);
  std::vector<float> packed(weight.num_elements());
  for (int64_t i = 0; i < weight.num_elements(); ++i) {
    const int64_t tap = i % 9, in = i / 9 % inputs, out = i / 9 / inputs;
    const int64_t lane = turned ? in : out, depth = turned ? out : in;
    const int64_t depths = turned ? weight.dim(0) : inputs;
    packed[(((lane / 16 * (depths / 16) + depth / 16) * 9 + tap) * 16 +
            depth % 16) *
               16 +
           lane % 16] = weight.data<float>()[i];
  }
  return packed;
}

// As the convolution with the turned and transposed kernel.
TEST_F(WinoConvTest, GradientOfX) {
  for (const Case& c : Cases()) {
    Operands o(c);
    const Shape& shape = o.weight.shape();
    const Shape back = {shape.dim(1), shape.dim(0), 3, 3};
    const Tensor gy =
        RandomTensor("gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs});
    Tensor turned(back);
    for (int64_t i = 0; i < turned.num_elements(); ++i) {
      const int64_t in = i / 9 / back.dim(1), out = i / 9 % back.dim(1);
      turned.mutable_data<float>()[i] =
          o.weight.data<float>()[(out * back.dim(0) + in) * 9 + 8 - i % 9];
    }
    o.params.relu = false;
    Tensor want(c.x), got(c.x);
    WinoConv(o.params, turned, Tensor::Zeros({back.dim(0)})).Run(gy, &want);
    RunWino(o.params, back, Packed(o.weight, true).data(), /*turned=*/true,
            nullptr, gy, &got);
    EXPECT_TRUE(SameBits(got, want)) << c.x.ToString();
  }
}

struct Gradients {
  std::vector<float> weight;  // OIhw16i16o
  Tensor bias;
};

Gradients WinogradGradients(const Operands& o, const Tensor& x,
                            const Tensor& gy, int times) {
  Gradients g = {std::vector<float>(o.weight.num_elements(), 9),
                 Tensor(o.bias.shape())};
  for (int i = 0; i < times; ++i) {
    RunWinoGradient(o.params, x, gy, /*add=*/i > 0, g.weight.data(),
                    g.bias.mutable_data<float>());
  }
  return g;
}

// What a gradient should be, and the bound of wino_conv.h.
Exact GradientAt(const Operands& o, const Tensor& gy, int64_t out, int64_t in,
                 int r, int s) {
  static const auto& growth = *new Growth();
  const int d = o.params.dilation;
  Exact e = {0, 0, 0};
  for (int64_t n = 0; n < gy.dim(0); ++n) {
    for (int64_t h = 0; h < gy.dim(1); ++h) {
      for (int64_t w = 0; w < gy.dim(2); ++w) {
        const double g = At(gy, n, h, w, out);
        const int64_t i = h / d % 4, j = w / d % 4;
        e.y += g * At(o.x, n, h + (r - 1) * d, w + (s - 1) * d, in);
        for (int p = 0; p < 6; ++p) {
          for (int q = 0; q < 6; ++q) {
            e.bound += growth.at[i][r][p] * growth.at[j][s][q] * std::fabs(g) *
                       std::fabs(At(o.x, n, h + (p - i - 1) * d,
                                    w + (q - j - 1) * d, in));
          }
        }
      }
    }
  }
  const auto tiles = static_cast<double>(WinoTiles(gy.shape(), d));
  e.bound *= (tiles + 40) * kRoundoff;
  return e;
}

TEST_F(WinoConvTest, GradientsOfWeightsAreWithinTheBound) {
  for (const Case& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const Operands o(c);
    const Tensor gy =
        RandomTensor("gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs});
    const Gradients got = WinogradGradients(o, o.x, gy, 1);
    int wrong = 0;
    for (int64_t i = 0; i < o.weight.num_elements(); i += 101) {
      const int64_t tap = i % 9, in = i / 9 % c.x.dim(3),
                    out = i / 9 / c.x.dim(3);
      const Exact e =
          GradientAt(o, gy, out, in, static_cast<int>(tap / 3), tap % 3);
      const int64_t place =
          (((out / 16 * (c.x.dim(3) / 16) + in / 16) * 9 + tap) * 16 +
           in % 16) *
              16 +
          out % 16;
      wrong += !(std::fabs(got.weight[place] - e.y) <= e.bound);
    }
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
  for (const Case& c : {Case{{1, 37, 50, 32}, 96, 1, false},
                        Case{{2, 19, 25, 272}, 64, 2, false}}) {
    const Operands o(c);
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

TEST_F(WinoConvTest, GradientsOfBf16AreThoseOfTheSameNumbers) {
  if (!HasIsa(dnnl::cpu_isa::avx512_core)) GTEST_SKIP() << "needs AVX-512";
  Operands o({{1, 11, 13, 144}, 48, 2, false});
  const Tensor x = RandomTensor("x", o.x.shape(), DType::kBF16);
  const Tensor gy = RandomTensor("gy", {1, 11, 13, 48}, DType::kBF16);
  const Gradients narrow = WinogradGradients(o, x, gy, 2);
  const Gradients wide = WinogradGradients(o, AsF32(x), AsF32(gy), 2);
  EXPECT_EQ(narrow.weight, wide.weight);
  EXPECT_TRUE(SameBits(narrow.bias, wide.bias));
}

TEST_F(WinoConvTest, LayoutsDoNotChangeABit) {
  for (const Case& c : Cases()) {
    const Operands o(c);
    const Tensor want = InBlocks(Winograd(o));
    Tensor got = AllocateIn(Layout::kBackend, want.shape(), DType::kF32);
    RunWino(o.params, o.weight.shape(), Packed(o.weight, false).data(),
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
