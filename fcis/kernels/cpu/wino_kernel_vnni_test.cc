#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cpu/wino_conv.h"
#include "fcis/kernels/cpu/wino_kernel.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/wino_cases.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Those of a block of channels and more than one.
std::vector<WinoCase> Cases() {
  std::vector<WinoCase> cases = WinoCases();
  cases.push_back({{1, 5, 9, 528}, 48, 1, false});
  return cases;
}

// Of maps in bf16, whose numbers stand in f32 in `o.x`.
Tensor Winograd(const WinoOperands& o) {
  const Tensor x = AsMapType(o.x, DType::kBF16);
  Tensor y(ops::InferConvShape(o.params, o.x.shape(), o.weight.shape()).value(),
           DType::kBF16);
  WinoConv(o.params, o.weight, o.bias, DType::kBF16).Run(x, &y);
  return y;
}

// U = G g G^T.
double KernelAt(const WinoMatrices& m, const WinoOperands& o, int64_t output,
                int64_t channel, int p, int q) {
  const float* const g =
      o.weight.data<float>() + (output * o.x.dim(3) + channel) * 9;
  double sum = 0;
  for (int r = 0; r < 3; ++r) {
    for (int s = 0; s < 3; ++s) {
      sum += m.kernel[p][r] * m.kernel[q][s] * double{g[r * 3 + s]};
    }
  }
  return sum;
}

// The error that wino_conv.h allows the sum of plane p, q.
double PlaneBound(const WinoMatrices& m, const WinoOperands& o, int64_t n,
                  int64_t h, int64_t w, int64_t output, int p, int q) {
  double bound = 0;
  for (int64_t begin = 0; begin < o.x.dim(3); begin += kWinoNarrowDepth) {
    const int64_t end = std::min(o.x.dim(3), begin + kWinoNarrowDepth);
    double vv = 0, uu = 0, v_sum = 0, u_sum = 0, u_most = 0;
    for (int64_t c = begin; c < end; ++c) {
      const double v = std::fabs(InputAt(m, o, n, h, w, c, p, q));
      const double u = std::fabs(KernelAt(m, o, output, c, p, q));
      vv += v * v;
      uu += u * u;
      v_sum += v;
      u_sum += u;
      u_most = std::max(u_most, u);
    }
    const double v_size = std::sqrt(vv);
    const double u_size = std::max(std::sqrt(uu), 2 * u_most);
    bound += v_size * u_sum / 65000 + u_size * v_sum / 130000 +
             static_cast<double>(end - begin) * v_size * u_size / 8e9;
  }
  return bound;
}

double NarrowBound(const WinoMatrices& m, const WinoOperands& o, int64_t n,
                   int64_t h, int64_t w, int64_t output) {
  const int64_t d = o.params.dilation;
  double bound = 0;
  for (int p = 0; p < 6; ++p) {
    for (int q = 0; q < 6; ++q) {
      bound += std::fabs(m.out[h / d % 4][p] * m.out[w / d % 4][q]) *
               PlaneBound(m, o, n, h, w, output, p, q);
    }
  }
  return bound;
}

TEST_F(WinoNarrowTest, ErrorIsWithinTheBound) {
  const WinoMatrices m = MakeMatrices();
  for (const WinoCase& c : Cases()) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const WinoOperands o = OfBf16(c);
    int wrong = 0;
    ForOutputs(AsF32(Winograd(o)), 67,
               [&](int64_t n, int64_t h, int64_t w, int64_t out, float y) {
                 const Exact e = ExactAt(o, n, h, w, out);
                 const double bound = NarrowBound(m, o, n, h, w, out) +
                                      e.bound + std::fabs(double{y}) / 256;
                 wrong += !(std::fabs(y - e.y) <= bound);
               });
    EXPECT_EQ(wrong, 0);
  }
}

// What the header says of random operands: beside direct sums of weights in
// bf16, whose result is rounded likewise.
TEST_F(WinoNarrowTest, RoundsLessThanDirectSums) {
  for (const int64_t channels : {64, 256, 512}) {
    const WinoOperands o = OfBf16({{1, 12, 12, channels}, 16, 1, false});
    WinoOperands rounded = o;
    rounded.weight = AsF32(AsMapType(o.weight, DType::kBF16));
    double squares = 0, direct_squares = 0;
    ForOutputs(AsF32(Winograd(o)), 5,
               [&](int64_t n, int64_t h, int64_t w, int64_t out, float y) {
                 const double want = ExactAt(o, n, h, w, out).y;
                 const double direct = FromBf16(ToBf16(
                     static_cast<float>(ExactAt(rounded, n, h, w, out).y)));
                 squares += (y - want) * (y - want);
                 direct_squares += (direct - want) * (direct - want);
               });
    EXPECT_LT(squares, direct_squares) << channels;
  }
}

// All products of a block have one sign and one size: the largest sums there
// are.
TEST_F(WinoNarrowTest, NoSumOverflows) {
  WinoOperands o = OfBf16({{1, 12, 12, 256}, 16, 1, false});
  for (const float sign : {-1.0f, 1.0f}) {
    for (float& x : o.x.mutable_span<float>()) x = 1;
    for (float& w : o.weight.mutable_span<float>()) w = sign;
    for (float& b : o.bias.mutable_span<float>()) b = 0;
    const Tensor y = AsF32(Winograd(o));
    // Of the pixels within.
    for (int64_t w = 1; w < 11; ++w) {
      EXPECT_NEAR(At(y, 0, 5, w, 3), sign * 9 * 256, 9) << w;
    }
  }
}

TEST_F(WinoNarrowTest, SizesOfNumbersDoNotMatter) {
  const WinoOperands o = OfBf16({{1, 9, 13, 272}, 48, 1, false});
  WinoOperands scaled = o;
  scaled.x = o.x.Clone();
  scaled.weight = o.weight.Clone();
  scaled.bias = o.bias.Clone();
  for (float& x : scaled.x.mutable_span<float>()) x *= 0x1p50f;
  for (float& w : scaled.weight.mutable_span<float>()) w *= 0x1p-45f;
  for (float& b : scaled.bias.mutable_span<float>()) b *= 32;
  const Tensor want = AsF32(Winograd(o));
  Tensor got = AsF32(Winograd(scaled));
  for (float& y : got.mutable_span<float>()) y /= 32;
  EXPECT_TRUE(SameBits(got, want));
}

TEST_F(WinoNarrowTest, NothingGivesTheBias) {
  for (const bool of_maps : {false, true}) {
    WinoOperands o = OfBf16({{1, 7, 9, 64}, 32, 1, true});
    for (float& v : (of_maps ? o.x : o.weight).mutable_span<float>()) v = 0;
    ForOutputs(
        AsF32(Winograd(o)), 1,
        [&](int64_t, int64_t, int64_t, int64_t out, float y) {
          EXPECT_EQ(
              y, FromBf16(ToBf16(std::max(0.0f, o.bias.data<float>()[out]))));
        });
  }
}

TEST_F(WinoNarrowTest, WhatIsNotFiniteStaysSo) {
  for (const float bad : {std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    WinoOperands o = OfBf16({{1, 12, 12, 32}, 16, 1, false});
    // In the second tile of the second row.
    o.x.mutable_data<float>()[(5 * 12 + 6) * 32 + 7] = bad;
    const Tensor y = AsF32(Winograd(o));
    for (int64_t h = 4; h < 7; ++h) {
      for (int64_t w = 5; w < 8; ++w) {
        EXPECT_FALSE(std::isfinite(At(y, 0, h, w, 3))) << h << " " << w;
      }
    }
    // Out of reach of its tile.
    EXPECT_TRUE(std::isfinite(At(y, 0, 0, 0, 3)));
  }
}

TEST_F(WinoNarrowTest, ThreadsDoNotChangeABit) {
  for (const WinoCase& c : {WinoCase{{1, 37, 50, 32}, 96, 1, true},
                            WinoCase{{1, 19, 25, 272}, 48, 2, true}}) {
    const WinoOperands o = OfBf16(c);
    SetNumThreads(1);
    const Tensor one = Winograd(o);
    for (const int threads : {2, 3, 16}) {
      SetNumThreads(threads);
      EXPECT_TRUE(SameBits(Winograd(o), one)) << threads;
    }
  }
  SetNumThreads(0);
}

TEST_F(WinoNarrowTest, WeightsComeBackRounded) {
  const WinoOperands o = OfBf16({{1, 4, 4, 32}, 48, 1, false});
  EXPECT_TRUE(
      SameBits(WinoConv(o.params, o.weight, o.bias, DType::kBF16).Weight(),
               AsF32(AsMapType(o.weight, DType::kBF16))));
}

// As the convolution with the turned and transposed kernel.
TEST_F(WinoNarrowTest, GradientOfX) {
  for (const WinoCase& c : Cases()) {
    WinoOperands o = OfBf16(c);
    o.params.relu = false;
    const Tensor turned = Turned(o.weight);
    const Tensor gy = RandomTensor(
        "gy", {c.x.dim(0), c.x.dim(1), c.x.dim(2), c.outputs}, DType::kBF16);
    Tensor want(c.x, DType::kBF16), got(c.x, DType::kBF16);
    WinoConv(o.params, turned, Tensor::Zeros({turned.dim(0)}), DType::kBF16)
        .Run(gy, &want);
    RunWino(o.params, turned.shape(), PackedWeights(o.weight, true).data(),
            /*turned=*/true, nullptr, gy, &got);
    EXPECT_TRUE(SameBits(got, want)) << c.x.ToString();
  }
}

TEST_F(WinoNarrowTest, FitsNoOutputInF32) {
  ConvParams params;
  params.pad = 1;
  params.f32_output = true;
  EXPECT_FALSE(WinoConv::Fits(params, Shape{16, 16, 3, 3}, DType::kBF16));
  EXPECT_TRUE(WinoConv::Fits(params, Shape{16, 16, 3, 3}));
}

// Maps of 8 bits. Whole numbers stand in `o.x` and `o.weight`.
class WinoWholeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const WinoOperands o = OfU8({{1, 4, 4, 32}, 16, 1, false});
    if (!WinoInt8Conv::Fits(ParamsOf(o), o.weight.shape())) {
      GTEST_SKIP() << "needs AVX512_VNNI";
    }
  }

  static WinoOperands OfU8(const WinoCase& c) {
    WinoOperands o(c);
    for (float& x : o.x.mutable_span<float>()) {
      x = std::round(127.5f + 127.5f * x);
    }
    for (float& w : o.weight.mutable_span<float>()) w = std::round(127 * w);
    return o;
  }
  static Int8ConvParams ParamsOf(const WinoOperands& o) {
    Int8ConvParams params;
    params.conv = o.params;
    params.y = Int8Code();
    return params;
  }
  // Codes of (sums + shift) * factor, with one of each per output.
  static Tensor Run(const WinoOperands& o, const std::vector<double>& shift,
                    const std::vector<double>& factor) {
    const int64_t outputs = o.weight.dim(0);
    Int8Weights weights = {Tensor(o.weight.shape(), DType::kI8),
                           Tensor(Shape{outputs}), Tensor(Shape{outputs})};
    for (int64_t i = 0; i < o.weight.num_elements(); ++i) {
      weights.elements.mutable_data<int8_t>()[i] =
          static_cast<int8_t>(o.weight.data<float>()[i]);
    }
    for (int64_t i = 0; i < outputs; ++i) {
      weights.scale.mutable_data<float>()[i] = static_cast<float>(factor[i]);
      weights.bias.mutable_data<float>()[i] =
          static_cast<float>(shift[i] * factor[i]);
    }
    Tensor x(o.x.shape(), DType::kU8);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      x.mutable_data<uint8_t>()[i] = static_cast<uint8_t>(o.x.data<float>()[i]);
    }
    Tensor y({x.dim(0), x.dim(1), x.dim(2), outputs}, DType::kU8);
    WinoInt8Conv(ParamsOf(o), weights).Run(x, &y);
    return y;
  }

  struct Pixel {
    int64_t n, h, w;
  };
  // How far sums are off: of each output at a pixel of its own, since a code
  // shows little more of a sum than that. They come in units of which `span`
  // sees up to 127.
  template <typename Span>
  static std::vector<double> Errors(const WinoOperands& o,
                                    const std::vector<Pixel>& pixels,
                                    const Span& span) {
    std::vector<double> shift, factor;
    for (size_t out = 0; out < pixels.size(); ++out) {
      const Pixel& p = pixels[out];
      factor.push_back(127 / span(p, static_cast<int64_t>(out)));
      shift.push_back(
          128 / factor[out] -
          ExactAt(WithoutBias(o), p.n, p.h, p.w, static_cast<int64_t>(out)).y);
    }
    const Tensor y = Run(o, shift, factor);
    std::vector<double> errors;
    for (size_t out = 0; out < pixels.size(); ++out) {
      const Pixel& p = pixels[out];
      const int64_t at = ((p.n * y.dim(1) + p.h) * y.dim(2) + p.w) * y.dim(3);
      errors.push_back(
          (y.data<uint8_t>()[at + static_cast<int64_t>(out)] - 128) /
          factor[out]);
    }
    return errors;
  }
  // Pixels all over the map.
  static std::vector<Pixel> Spread(const WinoOperands& o) {
    std::vector<Pixel> pixels;
    for (int64_t i = 0; i < o.weight.dim(0); ++i) {
      pixels.push_back(
          {i % o.x.dim(0), i * 7 % o.x.dim(1), (i * 5 + i / 4) % o.x.dim(2)});
    }
    return pixels;
  }
  static WinoOperands WithoutBias(WinoOperands o) {
    o.bias = Tensor::Zeros(o.bias.shape());
    o.params.relu = false;
    return o;
  }

  // The largest size that a number of plane p, q can have.
  double Most(int p, int q) const {
    double plus = 0, minus = 0;
    for (int r = 0; r < 6; ++r) {
      for (int s = 0; s < 6; ++s) {
        const double b = m_.in[p][r] * m_.in[q][s];
        (b > 0 ? plus : minus) += std::fabs(b);
      }
    }
    return 255 * std::max(plus, minus);
  }
  // The bound of wino_conv.h.
  double Bound(const WinoOperands& o, const Pixel& at, int64_t output) const {
    const int64_t d = o.params.dilation;
    const double rounding = (static_cast<double>(o.x.dim(3)) + 40) * kRoundoff;
    double bound = 0;
    for (int p = 0; p < 6; ++p) {
      for (int q = 0; q < 6; ++q) {
        const double growth =
            std::fabs(m_.out[at.h / d % 4][p] * m_.out[at.w / d % 4][q]);
        if (growth == 0) continue;
        for (int64_t begin = 0; begin < o.x.dim(3); begin += kWinoNarrowDepth) {
          const int64_t end = std::min(o.x.dim(3), begin + kWinoNarrowDepth);
          double v_sum = 0, u_sum = 0, u_most = 0, products = 0;
          for (int64_t c = begin; c < end; ++c) {
            const double v =
                std::fabs(InputAt(m_, o, at.n, at.h, at.w, c, p, q));
            const double u = std::fabs(KernelAt(m_, o, output, c, p, q));
            v_sum += v;
            u_sum += u;
            u_most = std::max(u_most, u);
            products += u * v;
          }
          bound += growth *
                   (v_sum / 2 *
                        std::max(u_sum * Most(p, q) / 0x1p31, u_most / 32767) *
                        1.001 +
                    rounding * products);
        }
      }
    }
    return bound;
  }

  const WinoMatrices m_ = MakeMatrices(1, 2);
};

TEST_F(WinoWholeTest, ErrorIsWithinTheBound) {
  for (const WinoCase& c : {WinoCase{{1, 8, 8, 32}, 32, 1, true},
                            WinoCase{{2, 9, 13, 64}, 48, 1, true},
                            WinoCase{{1, 9, 14, 32}, 16, 2, true},
                            WinoCase{{1, 7, 6, 288}, 16, 1, true},
                            WinoCase{{1, 1, 1, 32}, 16, 1, true},
                            WinoCase{{3, 2, 1, 96}, 16, 2, true},
                            WinoCase{{1, 19, 23, 544}, 80, 3, true}}) {
    SCOPED_TRACE(absl::StrCat(c.x.ToString(), " to ", c.outputs, ", dilation ",
                              c.dilation));
    const WinoOperands o = OfU8(c);
    // A step of the code is a hundredth of the bound.
    const auto pixels = Spread(o);
    const std::vector<double> errors = Errors(
        o, pixels,
        [&](const Pixel& p, int64_t out) { return 1.27 * Bound(o, p, out); });
    for (size_t out = 0; out < errors.size(); ++out) {
      const double bound = Bound(o, pixels[out], static_cast<int64_t>(out));
      EXPECT_LE(std::fabs(errors[out]), bound * 1.005) << out;
    }
  }
}

// What the header says of random operands.
TEST_F(WinoWholeTest, SumsAreNearlyExact) {
  for (const int64_t channels : {32, 64, 256, 512}) {
    const WinoOperands o = OfU8({{1, 12, 12, channels}, 64, 1, true});
    const auto pixels = Spread(o);
    double power = 0, squares = 0;
    for (size_t out = 0; out < pixels.size(); ++out) {
      const Pixel& p = pixels[out];
      const double y =
          ExactAt(WithoutBias(o), p.n, p.h, p.w, static_cast<int64_t>(out)).y;
      power += y * y;
    }
    const double size = std::sqrt(power / static_cast<double>(pixels.size()));
    for (const double error : Errors(
             o, pixels, [&](const Pixel&, int64_t) { return 0.02 * size; })) {
      squares += error * error;
    }
    EXPECT_LT(std::sqrt(squares / static_cast<double>(pixels.size())),
              2e-3 * size)
        << channels;
  }
}

// All products of a block, of one plane after the other, have one sign and the
// largest size that there is.
TEST_F(WinoWholeTest, NoSumOverflows) {
  // The tile's corners: each plane is part of one of them.
  const std::vector<Pixel> pixels = {
      {0, 4, 4}, {0, 4, 7}, {0, 7, 4}, {0, 7, 7}};
  WinoOperands o = OfU8({{1, 12, 12, 256}, 16, 1, true});
  for (int p = 0; p < 6; ++p) {
    for (int q = 0; q < 6; ++q) {
      for (const int sign : {-1, 1}) {
        for (float& x : o.x.mutable_span<float>()) x = 0;
        for (int r = 0; r < 6; ++r) {
          for (int s = 0; s < 6; ++s) {
            if (!(sign * m_.in[p][r] * m_.in[q][s] > 0)) continue;
            std::fill_n(
                o.x.mutable_data<float>() + ((3 + r) * 12 + 3 + s) * 256, 256,
                255.0f);
          }
        }
        for (int64_t i = 0; i < o.weight.num_elements(); ++i) {
          const double g = m_.kernel[p][i % 9 / 3] * m_.kernel[q][i % 3];
          o.weight.mutable_data<float>()[i] = static_cast<float>(g > 0   ? 127
                                                                 : g < 0 ? -127
                                                                         : 0);
        }
        std::vector<double> bounds;
        const std::vector<double> errors =
            Errors(o, pixels, [&](const Pixel& at, int64_t out) {
              bounds.push_back(Bound(o, at, out));
              return 1.27 * bounds.back();
            });
        for (size_t out = 0; out < errors.size(); ++out) {
          EXPECT_LE(std::fabs(errors[out]), 1.005 * bounds[out])
              << p << " " << q << " " << sign << " " << out;
        }
      }
    }
  }
}

TEST_F(WinoWholeTest, NothingGivesTheBias) {
  WinoOperands o = OfU8({{1, 7, 9, 64}, 32, 1, true});
  for (float& w : o.weight.mutable_span<float>()) w = 0;
  std::vector<double> shift, factor;
  for (int i = 0; i < 32; ++i) {
    shift.push_back(10 * (i - 2));
    factor.push_back(i < 30 ? 1 : 0.25);
  }
  const Tensor y = Run(o, shift, factor);
  for (int64_t i = 0; i < y.num_elements(); ++i) {
    const auto out = static_cast<size_t>(i % 32);
    const double want =
        std::min(255.0, std::max(0.0, shift[out] * factor[out]));
    EXPECT_EQ(y.data<uint8_t>()[i], std::nearbyint(want)) << i;
  }
}

TEST_F(WinoWholeTest, ThreadsDoNotChangeABit) {
  for (const WinoCase& c : {WinoCase{{1, 37, 50, 32}, 96, 1, true},
                            WinoCase{{1, 19, 25, 288}, 48, 2, true}}) {
    const WinoOperands o = OfU8(c);
    const auto outputs = static_cast<size_t>(c.outputs);
    const std::vector<double> shift(outputs, 0), factor(outputs, 1e-4);
    SetNumThreads(1);
    const Tensor one = Run(o, shift, factor);
    for (const int threads : {2, 3, 16}) {
      SetNumThreads(threads);
      EXPECT_TRUE(SameBits(Run(o, shift, factor), one)) << threads;
    }
  }
  SetNumThreads(0);
}

TEST_F(WinoWholeTest, FitsCodesOnly) {
  const WinoOperands o = OfU8({{1, 4, 4, 32}, 16, 1, false});
  const Int8ConvParams good = ParamsOf(o);
  EXPECT_FALSE(WinoInt8Conv::Fits(good, Shape{16, 48, 3, 3}));
  EXPECT_FALSE(WinoInt8Conv::Fits(good, Shape{8, 32, 3, 3}));
  EXPECT_FALSE(WinoInt8Conv::Fits(good, Shape{16, 32, 1, 1}));
  Int8ConvParams params = good;
  params.x.type = DType::kI8;
  EXPECT_FALSE(WinoInt8Conv::Fits(params, o.weight.shape()));
  params = good;
  params.y->type = DType::kI8;
  EXPECT_FALSE(WinoInt8Conv::Fits(params, o.weight.shape()));
  params.y.reset();
  EXPECT_FALSE(WinoInt8Conv::Fits(params, o.weight.shape()));
  params = good;
  params.residual = Int8Code();
  EXPECT_FALSE(WinoInt8Conv::Fits(params, o.weight.shape()));
  params = good;
  params.conv.stride = 2;
  EXPECT_FALSE(WinoInt8Conv::Fits(params, o.weight.shape()));
}

}  // namespace
}  // namespace fcis::kernels
