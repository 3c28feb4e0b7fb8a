// What the tests of Winograd's algorithm share: cases, what they should give in
// double, and the bounds of wino_conv.h.
#ifndef FCIS_KERNELS_TESTING_WINO_CASES_H_
#define FCIS_KERNELS_TESTING_WINO_CASES_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/wino_conv.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {

inline constexpr double kRoundoff = 1.0 / (1 << 24);

struct WinoCase {
  Shape x;
  int64_t outputs;
  int dilation;
  bool relu;
};

// Whole tiles and parts of them, several blocks of channels, fewer outputs than
// a panel has.
inline std::vector<WinoCase> WinoCases() {
  return {{{1, 8, 8, 16}, 32, 1, false},   {{2, 9, 13, 32}, 48, 1, true},
          {{1, 9, 14, 16}, 16, 2, true},   {{1, 7, 6, 272}, 16, 1, false},
          {{1, 1, 1, 16}, 16, 1, false},   {{3, 2, 1, 16}, 16, 2, false},
          {{1, 19, 23, 144}, 80, 3, false}};
}

struct WinoOperands {
  explicit WinoOperands(const WinoCase& c)
      : x(RandomTensor("x", c.x)),
        weight(RandomTensor("w", Shape{c.outputs, c.x.dim(3), 3, 3})),
        bias(RandomTensor("b", Shape{c.outputs})) {
    params.pad = params.dilation = c.dilation;
    params.relu = c.relu;
  }
  ConvParams params;
  Tensor x, weight, bias;
};

inline double At(const Tensor& x, int64_t n, int64_t h, int64_t w, int64_t c) {
  if (h < 0 || h >= x.dim(1) || w < 0 || w >= x.dim(2)) return 0;
  return x.data<float>()[((n * x.dim(1) + h) * x.dim(2) + w) * x.dim(3) + c];
}

// The matrices of F(4x4, 3x3) with the points 0, a, -a, b, -b and infinity.
struct WinoMatrices {
  double in[6][6], kernel[6][3], out[4][6];
};

inline WinoMatrices MakeMatrices(double a = 0.625, double b = 1.5) {
  const double aa = a * a, bb = b * b;
  const double za = 1 / (2 * aa * (aa - bb)), zb = 1 / (2 * bb * (bb - aa));
  return {{{0, -a * bb, -bb, a, 1, 0},
           {0, a * bb, -bb, -a, 1, 0},
           {0, -b * aa, -aa, b, 1, 0},
           {0, b * aa, -aa, -b, 1, 0},
           {aa * bb, 0, -aa - bb, 0, 1, 0},
           {0, aa * bb, 0, -aa - bb, 0, 1}},
          {{za, za * a, za * aa},
           {za, -za * a, za * aa},
           {zb, zb * b, zb * bb},
           {zb, -zb * b, zb * bb},
           {1 / (aa * bb), 0, 0},
           {0, 0, 1}},
          {{1, 1, 1, 1, 1, 0},
           {a, -a, b, -b, 0, 0},
           {aa, aa, bb, bb, 0, 0},
           {a * aa, -a * aa, b * bb, -b * bb, 0, 1}}};
}

// |A^T| (|G| g * |B^T| d) of one axis: output i, tap r, input p of a tile.
struct WinoGrowth {
  WinoGrowth() {
    const WinoMatrices m = MakeMatrices();
    for (int i = 0; i < 4; ++i) {
      for (int r = 0; r < 3; ++r) {
        for (int p = 0; p < 6; ++p) {
          at[i][r][p] = 0;
          for (int k = 0; k < 6; ++k) {
            at[i][r][p] += std::fabs(m.out[i][k] * m.kernel[k][r] * m.in[k][p]);
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

inline Exact ExactAt(const WinoOperands& o, int64_t n, int64_t h, int64_t w,
                     int64_t out) {
  static const auto& growth = *new WinoGrowth();
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

inline bool SameBits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.raw(), b.raw(), a.num_bytes()) == 0;
}

// Of what multiplies maps in bf16 as whole numbers.
class WinoNarrowTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ConvParams params;
    params.pad = 1;
    if (!WinoConv::Fits(params, Shape{16, 16, 3, 3}, DType::kBF16)) {
      GTEST_SKIP() << "needs AVX512_BF16 and VNNI";
    }
  }
};

// Of maps in bf16, whose numbers stand in f32.
inline WinoOperands OfBf16(const WinoCase& c) {
  WinoOperands o(c);
  o.x = AsF32(RandomTensor("x", c.x, DType::kBF16));
  return o;
}

// V = B^T d B of a channel of the tile that an output is in.
inline double InputAt(const WinoMatrices& m, const WinoOperands& o, int64_t n,
                      int64_t h, int64_t w, int64_t channel, int p, int q) {
  const int64_t d = o.params.dilation;
  const int64_t top = h - (h / d % 4 + 1) * d, left = w - (w / d % 4 + 1) * d;
  double sum = 0;
  for (int r = 0; r < 6; ++r) {
    for (int s = 0; s < 6; ++s) {
      sum += m.in[p][r] * m.in[q][s] *
             At(o.x, n, top + r * d, left + s * d, channel);
    }
  }
  return sum;
}

// O,I,3,3 as oneDNN's OIhw16i16o; turned: as its IOhw16o16i.
inline std::vector<float> PackedWeights(const Tensor& weight, bool turned) {
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

// Of the weights and the bias.
struct Gradients {
  std::vector<float> weight;  // OIhw16i16o
  Tensor bias;
};

inline Gradients WinogradGradients(const WinoOperands& o, const Tensor& x,
                                   const Tensor& gy, int times) {
  Gradients g = {std::vector<float>(o.weight.num_elements(), 9),
                 Tensor(o.bias.shape())};
  for (int i = 0; i < times; ++i) {
    RunWinoGradient(o.params, x, gy, /*add=*/i > 0, g.weight.data(),
                    g.bias.mutable_data<float>());
  }
  return g;
}

// Tiles of 4x4 outputs of a map.
inline int64_t NumTiles(const Shape& nhwc, int64_t dilation) {
  int64_t tiles = 0;
  for (int64_t y = 0; y < nhwc.dim(1); ++y) {
    for (int64_t x = 0; x < nhwc.dim(2); ++x) {
      if (y / dilation % 4 == 0 && x / dilation % 4 == 0) tiles += nhwc.dim(0);
    }
  }
  return tiles;
}

// What a gradient should be, and the bound of wino_conv.h.
inline Exact GradientAt(const WinoOperands& o, const Tensor& gy, int64_t out,
                        int64_t in, int r, int s) {
  static const auto& growth = *new WinoGrowth();
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
  e.bound *= (static_cast<double>(NumTiles(gy.shape(), d)) + 40) * kRoundoff;
  return e;
}

// Visits every `step`-th weight: output, channel, row, column, gradient.
template <typename Visit>
void ForWeights(const WinoOperands& o, const Gradients& g, int64_t step,
                const Visit& visit) {
  const int64_t channels = o.x.dim(3);
  for (int64_t i = 0; i < o.weight.num_elements(); i += step) {
    const int64_t tap = i % 9, in = i / 9 % channels, out = i / 9 / channels;
    const int64_t place =
        (((out / 16 * (channels / 16) + in / 16) * 9 + tap) * 16 + in % 16) *
            16 +
        out % 16;
    visit(out, in, static_cast<int>(tap / 3), static_cast<int>(tap % 3),
          g.weight[place]);
  }
}

// O,I,3,3 as the kernel I,O turned by half a turn.
inline Tensor Turned(const Tensor& weight) {
  const int64_t outputs = weight.dim(0), inputs = weight.dim(1);
  Tensor turned({inputs, outputs, 3, 3});
  for (int64_t i = 0; i < turned.num_elements(); ++i) {
    const int64_t in = i / 9 / outputs, out = i / 9 % outputs;
    turned.mutable_data<float>()[i] =
        weight.data<float>()[(out * inputs + in) * 9 + 8 - i % 9];
  }
  return turned;
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TESTING_WINO_CASES_H_
