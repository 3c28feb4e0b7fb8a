// The bodies at launch shapes that divide the indices in every way: one thread
// for all, several rounds of an odd number, more threads than indices. What
// they give is what ref gives, which runs the same bodies on its threads; that
// those are right is shown by gradients, by numbers that are known, and by
// bodies_parity_test.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/bodies/launch.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/psroi_bodies.h"
#include "fcis/kernels/bodies/row_bodies.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

struct Blocks {
  int64_t blocks;
  int threads;
};

// Of a map with more elements than an int counts to.
TEST(MapIndexTest, IndicesPass31Bits) {
  constexpr int kH = 40000, kW = 50000, kC = 7;
  for (const int64_t i : {int64_t{0}, (int64_t{1} << 31) - 1, int64_t{1} << 31,
                          int64_t{3} * kH * kW * kC - 1}) {
    const MapIndex at = IndexOf(i, kH, kW, kC);
    EXPECT_EQ(at.picture, i / (int64_t{kH} * kW * kC));
    EXPECT_EQ(at.channel, i % kC);
    EXPECT_EQ(ElementOf(at, kH, kW, kC), i);
  }
}

double Dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    sum += static_cast<double>(a.data<float>()[i]) * b.data<float>()[i];
  }
  return sum;
}

// All threads, one after the other.
template <typename Body>
void RunOnHost(const Body& body, int64_t count, const LaunchShape& shape) {
  for (int64_t block = 0; block < shape.blocks; ++block) {
    for (int thread = 0; thread < shape.threads; ++thread) {
      RunThread(body, count, shape, block, thread);
    }
  }
}

class BodiesTest : public ::testing::TestWithParam<Blocks> {
 protected:
  template <typename Body>
  void Run(const Body& body, int64_t count) {
    LaunchShape shape;
    shape.blocks = GetParam().blocks;
    shape.threads = GetParam().threads;
    RunOnHost(body, count, shape);
  }
};

constexpr int kRois = 11, kHeight = 9, kWidth = 7, kDepth = 6;

// Three classes; bins of 3, 2 and 2 cells.
struct PsroiCase {
  PsroiParams params;
  Tensor maps, rois, classes;
};

PsroiCase MakePsroiCase(PsroiRounding rounding, DType type) {
  PsroiCase c;
  c.params.group_size = 3;
  c.params.roi_size = 7;
  c.params.rounding = rounding;
  c.maps = RandomTensor("maps", {kHeight, kWidth, 9 * kDepth}, type);
  // A tie: both of a pair are the maximum.
  if (type == DType::kF32)
    c.maps.mutable_data<float>()[1] = c.maps.data<float>()[0];
  c.rois = RandomRois("rois", kRois, kHeight * 16, kWidth * 16);
  c.classes = Tensor(Shape{kRois}, DType::kI32);
  for (int r = 0; r < kRois; ++r) {
    c.classes.mutable_data<int32_t>()[r] = r % 4 - 1;  // -1: none
  }
  return c;
}

template <typename T>
PsroiInput<T> InputOf(const PsroiCase& c) {
  return {c.params, c.maps.data<T>(), kHeight,
          kWidth,   kDepth,           c.rois.data<float>()};
}

constexpr PsroiRounding kRoundings[] = {PsroiRounding::kRoundThenScale,
                                        PsroiRounding::kRoundThenScaleInclusive,
                                        PsroiRounding::kNone};

TEST_P(BodiesTest, PsroiPools) {
  const auto ref = MakeTestBackend("ref");
  for (const PsroiRounding rounding : kRoundings) {
    const PsroiCase c = MakePsroiCase(rounding, DType::kF32);
    Tensor got(Shape{kRois, 7, 7, kDepth});
    Run(PsroiPoolBody<float>{InputOf<float>(c), got.mutable_data<float>()},
        got.num_elements());
    EXPECT_TRUE(AllEqual(
        got, *ops::Psroi(*ref, PsroiForm::kPool, c.params, c.maps, c.rois)));

    Tensor mean(Shape{kRois, kDepth});
    Run(PsroiCellMeansBody{49, kDepth, got.data<float>(),
                           mean.mutable_data<float>()},
        mean.num_elements());
    EXPECT_TRUE(AllEqual(
        mean, *ops::Psroi(*ref, PsroiForm::kMean, c.params, c.maps, c.rois)));
  }
}

TEST_P(BodiesTest, PsroiClasses) {
  for (const DType type : {DType::kBF16, DType::kF16}) {
    const auto ref = MakeRefBackend(type);
    const PsroiCase c = MakePsroiCase(PsroiRounding::kNone, type);
    Tensor maxima(Shape{kRois, 7, 7, kDepth / 2});
    Tensor scores(Shape{kRois, kDepth / 2}), pairs(Shape{kRois, 7, 7, 2});
    Tensor classes(Shape{kRois}, DType::kI32);
    for (int r = 0; r < kRois; ++r) classes.mutable_data<int32_t>()[r] = r % 3;
    WithNarrowType(type, [&](auto t) {
      using T = MapElement<decltype(t)>;
      Run(PsroiPairMaxBody<T>{InputOf<T>(c), maxima.mutable_data<float>()},
          maxima.num_elements());
      Run(PsroiClassPairBody<T>{InputOf<T>(c), classes.data<int32_t>(),
                                pairs.mutable_data<float>()},
          pairs.num_elements());
    });
    Run(PsroiCellMeansBody{49, kDepth / 2, maxima.data<float>(),
                           scores.mutable_data<float>()},
        scores.num_elements());
    EXPECT_TRUE(AllEqual(scores, *ops::Psroi(*ref, PsroiForm::kClassScores,
                                             c.params, c.maps, c.rois)));
    EXPECT_TRUE(
        AllEqual(pairs, *ops::Psroi(*ref, PsroiForm::kClassPair, c.params,
                                    c.maps, c.rois, classes)));
  }
}

class PsroiGradientTest : public BodiesTest {
 protected:
  // [height, width, channels] of the maps, from shares [R,P,P,depth].
  Tensor Gathered(const PsroiCase& c, const Tensor& shares) {
    const int64_t rois = shares.dim(0);
    PsroiSpansBody list = {
        c.params, kHeight, kWidth, rois, c.rois.data<float>(), nullptr};
    std::vector<PsroiSpan> spans(list.lists() * (rois + 1));
    list.spans = spans.data();
    Run(list, list.lists());
    Tensor gmaps(c.maps.shape());
    const PsroiGatherBody gather = {c.params,
                                    kHeight,
                                    kWidth,
                                    kDepth,
                                    rois,
                                    spans.data(),
                                    shares.data<float>(),
                                    gmaps.mutable_data<float>()};
    Run(gather, gather.indices());
    return gmaps;
  }

  Tensor MeanGradient(const PsroiCase& c, const Tensor& gy) {
    Tensor shares(Shape{gy.dim(0), 7, 7, kDepth});
    Run(PsroiMeanSharesBody{InputOf<float>(c), gy.data<float>(),
                            shares.mutable_data<float>()},
        shares.num_elements());
    return Gathered(c, shares);
  }

  Tensor ClassGradient(const PsroiCase& c, const Tensor& gscores,
                       const Tensor& gpairs) {
    Tensor shares(Shape{kRois, 7, 7, kDepth});
    Run(PsroiClassSharesBody<float>{InputOf<float>(c), gscores.data<float>(),
                                    c.classes.data<int32_t>(),
                                    gpairs.data<float>(),
                                    shares.mutable_data<float>()},
        shares.num_elements() / 2);
    return Gathered(c, shares);
  }
};

// What kMean and the class forms give, times gradients of them, added up.
template <typename Body>
Tensor MeansOfCells(const PsroiCase& c, int depth) {
  Tensor cells(Shape{kRois, 7, 7, depth}), means(Shape{kRois, depth});
  RunOnHost(Body{InputOf<float>(c), cells.mutable_data<float>()},
            cells.num_elements(), LaunchShape());
  RunOnHost(PsroiCellMeansBody{49, depth, cells.data<float>(),
                               means.mutable_data<float>()},
            means.num_elements(), LaunchShape());
  return means;
}
double MeanLoss(const PsroiCase& c, const Tensor& gy) {
  return Dot(MeansOfCells<PsroiPoolBody<float>>(c, kDepth), gy);
}
double ClassLoss(const PsroiCase& c, const Tensor& gscores,
                 const Tensor& gpairs) {
  Tensor classes = c.classes.Clone(), pairs(gpairs.shape());
  for (int32_t& k : classes.mutable_span<int32_t>()) k = std::max(k, 0);
  RunOnHost(
      PsroiClassPairBody<float>{InputOf<float>(c), classes.data<int32_t>(),
                                pairs.mutable_data<float>()},
      pairs.num_elements(), LaunchShape());
  const int64_t row = pairs.num_elements() / kRois;
  for (int64_t i = 0; i < pairs.num_elements(); ++i) {
    if (c.classes.data<int32_t>()[i / row] < 0) {
      pairs.mutable_data<float>()[i] = 0;
    }
  }
  return Dot(MeansOfCells<PsroiPairMaxBody<float>>(c, kDepth / 2), gscores) +
         Dot(pairs, gpairs);
}

// Pooling is linear, and so is the maximum while the larger stays the larger: a
// difference quotient is the derivative but for roundings of sums of about a
// thousand values below 4 by 2^-24, over a step of 1/8. Of every 13th element:
// all channels and rows of pixels come up.
template <typename Loss>
void ExpectDerivative(PsroiCase* c, const Tensor& gradient, const Loss& loss) {
  float* const x = c->maps.mutable_data<float>();
  for (int64_t i = 0; i < c->maps.num_elements(); i += 13) {
    const float before = x[i];
    x[i] = before + 0.125f;
    const double above = loss();
    x[i] = before - 0.125f;
    const double below = loss();
    x[i] = before;
    ASSERT_NEAR(gradient.data<float>()[i], (above - below) / 0.25, 2e-5) << i;
  }
}

TEST_P(PsroiGradientTest, AreDerivatives) {
  for (const PsroiRounding rounding : kRoundings) {
    PsroiCase c = MakePsroiCase(rounding, DType::kF32);
    const Tensor gy = RandomTensor("gy", {kRois, kDepth});
    ExpectDerivative(&c, MeanGradient(c, gy), [&] { return MeanLoss(c, gy); });

    // One of a pair stays larger by 1 at least, now the one, now the other.
    float* const x = c.maps.mutable_data<float>();
    for (int64_t i = 0; i < c.maps.num_elements(); ++i) {
      const int64_t channel = i % c.maps.dim(2);
      if (channel % 2 == 1) x[i] += channel / 2 % 2 == 0 ? 3 : -3;
    }
    const Tensor gscores = RandomTensor("gscores", {kRois, kDepth / 2});
    const Tensor gpairs = RandomTensor("gpairs", {kRois, 7, 7, 2});
    ExpectDerivative(&c, ClassGradient(c, gscores, gpairs),
                     [&] { return ClassLoss(c, gscores, gpairs); });
  }
}

TEST_P(PsroiGradientTest, ATieGivesBothTheWholeGradient) {
  PsroiCase c = MakePsroiCase(PsroiRounding::kNone, DType::kF32);
  c.maps = Tensor::Zeros(c.maps.shape());
  const Tensor gscores = RandomTensor("gscores", {kRois, kDepth / 2});
  const Tensor got = ClassGradient(c, gscores, Tensor::Zeros({kRois, 7, 7, 2}));
  EXPECT_GT(AbsMax(got), 0);
  for (int64_t i = 0; i < got.num_elements(); i += 2) {
    ASSERT_EQ(got.data<float>()[i], got.data<float>()[i + 1]) << i;
  }
}

TEST_P(PsroiGradientTest, NoRoisGiveNoGradient) {
  PsroiCase c = MakePsroiCase(PsroiRounding::kNone, DType::kF32);
  EXPECT_TRUE(AllEqual(MeanGradient(c, Tensor({0, kDepth})),
                       Tensor::Zeros(c.maps.shape())));
}

// The borders cut windows off.
TEST_P(BodiesTest, MaxPoolAndItsGradient) {
  for (const int64_t side : {3, 4, 5, 8}) {
    const Tensor x = RandomTensor("x", {2, side, side + 1, 3});
    const MaxPoolParams params;
    const Shape out = *ops::InferMaxPoolShape(params, x.shape());
    MaxPoolShape shape = {params.kernel,
                          params.stride,
                          static_cast<int>(side),
                          static_cast<int>(side + 1),
                          3,
                          static_cast<int>(out.dim(1)),
                          static_cast<int>(out.dim(2))};
    Tensor y(out);
    Run(MaxPoolBody<float>{shape, x.data<float>(), y.mutable_data<float>()},
        y.num_elements());
    const auto ref = MakeTestBackend("ref");
    EXPECT_TRUE(AllEqual(y, *ops::MaxPool(*ref, params, x)));

    const Tensor gy = RandomTensor("gy", out);
    Tensor gx(x.shape());
    Run(MaxPoolGradientBody<float>{shape, x.data<float>(), gy.data<float>(),
                                   gx.mutable_data<float>()},
        gx.num_elements());
    // Each window's goes to where its largest value is.
    Tensor want = Tensor::Zeros(x.shape());
    for (int64_t i = 0; i < gy.num_elements(); ++i) {
      const float* const begin = x.data<float>();
      const float* const largest =
          std::find(begin, begin + x.num_elements(), y.data<float>()[i]);
      want.mutable_data<float>()[largest - begin] += gy.data<float>()[i];
    }
    EXPECT_TRUE(AllNear(gx, want, 1e-6));
  }
}

// The first of equals gets all of it.
TEST_P(BodiesTest, MaxPoolGradientAtTies) {
  const Tensor x = Tensor::Zeros({1, 5, 5, 2});
  const Tensor gy = RandomTensor("gy", {1, 2, 2, 2});
  Tensor gx(x.shape());
  Run(MaxPoolGradientBody<float>{{3, 2, 5, 5, 2, 2, 2},
                                 x.data<float>(),
                                 gy.data<float>(),
                                 gx.mutable_data<float>()},
      gx.num_elements());
  Tensor want = Tensor::Zeros(x.shape());
  for (int i = 0; i < 8; ++i) {
    const int row = i / 4 * 2, column = i / 2 % 2 * 2, channel = i % 2;
    want.mutable_data<float>()[(row * 5 + column) * 2 + channel] =
        gy.data<float>()[i];
  }
  EXPECT_TRUE(AllEqual(gx, want));
}

TEST_P(BodiesTest, ChannelSumsInAnyNumberOfParts) {
  for (const int64_t pixels : {1, 255, 256, 257, 600}) {
    constexpr int kChannels = 3;
    const Tensor a = RandomTensor("a", {pixels, kChannels});
    const Tensor b = RandomTensor("b", {pixels, kChannels});
    const int64_t parts = PartsOf(pixels);
    std::vector<double> sums(parts * kChannels), products(parts * kChannels);
    double sum[kChannels], product[kChannels];
    Run(ChannelPartsBody<float>{pixels, kChannels, a.data<float>(),
                                b.data<float>(), sums.data(), products.data()},
        parts * kChannels);
    Run(ChannelTotalsBody{parts, kChannels, sums.data(), products.data(), sum,
                          product},
        kChannels);
    for (int c = 0; c < kChannels; ++c) {
      double want_sum = 0, want_product = 0;
      for (int64_t p = 0; p < pixels; ++p) {
        const double v = a.data<float>()[p * kChannels + c];
        want_sum += v;
        want_product += v * b.data<float>()[p * kChannels + c];
      }
      // 600 values below 1, added in another order in double.
      EXPECT_NEAR(sum[c], want_sum, 600 * 600 * 1.2e-16);
      EXPECT_NEAR(product[c], want_product, 600 * 600 * 1.2e-16);
    }
  }
}

TEST_P(BodiesTest, CombineGatesAfterAdding) {
  Tensor g = Tensor::FromSpan<float>({4}, {1, 2, 3, 4});
  const Tensor other = Tensor::FromSpan<float>({4}, {10, 20, 30, 40});
  const Tensor gate = Tensor::FromSpan<float>({4}, {1, 0, -1, 2});
  Run(CombineBody<float>{gate.data<float>(), other.data<float>(),
                         g.mutable_data<float>()},
      4);
  EXPECT_TRUE(AllEqual(g, Tensor::FromSpan<float>({4}, {11, 0, 0, 44})));
  Run(CombineBody<float>{nullptr, nullptr, g.mutable_data<float>()}, 4);
  EXPECT_TRUE(AllEqual(g, Tensor::FromSpan<float>({4}, {11, 0, 0, 44})));
}

TEST_P(BodiesTest, AffineOfChannels) {
  const float mean[] = {1, 2}, scale[] = {2, -1}, shift[] = {0.5f, 0},
              by[] = {3, 1};
  const Tensor x = Tensor::FromSpan<float>({2, 2}, {1, 2, 3, 5});
  const Tensor other = Tensor::FromSpan<float>({2, 2}, {1, 1, -1, 1});
  Tensor y(x.shape());
  Run(AffineBody<float>{2, mean, scale, shift, by, true, x.data<float>(),
                        other.data<float>(), y.mutable_data<float>()},
      4);
  EXPECT_TRUE(AllEqual(y, Tensor::FromSpan<float>({2, 2}, {3.5f, 1, 1.5f, 0})));
  Run(AffineBody<float>{2, mean, scale, shift, nullptr, false, x.data<float>(),
                        nullptr, y.mutable_data<float>()},
      4);
  EXPECT_TRUE(
      AllEqual(y, Tensor::FromSpan<float>({2, 2}, {0.5f, 0, 4.5f, -3})));
}

TEST_P(BodiesTest, TypesAndWeightOrdersConvertBothWays) {
  const Tensor x = RandomTensor("x", {77});
  for (const DType type : {DType::kBF16, DType::kF16}) {
    Tensor narrow(x.shape(), type), wide(x.shape());
    WithNarrowType(type, [&](auto t) {
      using T = MapElement<decltype(t)>;
      Run(ConvertBody<float, T>{x.data<float>(), narrow.mutable_data<T>()}, 77);
      Run(ConvertBody<T, float>{narrow.data<T>(), wide.mutable_data<float>()},
          77);
    });
    EXPECT_TRUE(AllEqual(narrow, RandomTensor("x", {77}, type)));
    // Values below 1.
    EXPECT_TRUE(AllNear(wide, x, UnitRoundoff(type)));
  }

  const Tensor weight = RandomTensor("w", {5, 3, 2, 2});
  Tensor ohwi(Shape{5, 2, 2, 3}), back(weight.shape());
  Run(WeightToNhwcBody{3, 4, weight.data<float>(), ohwi.mutable_data<float>()},
      60);
  // Output 4, row 1, column 0, input 2.
  EXPECT_EQ(ohwi.data<float>()[((4 * 2 + 1) * 2 + 0) * 3 + 2],
            weight.data<float>()[((4 * 3 + 2) * 2 + 1) * 2 + 0]);
  Run(WeightToFileBody{3, 4, ohwi.data<float>(), back.mutable_data<float>()},
      60);
  EXPECT_TRUE(AllEqual(back, weight));
}

TEST_P(BodiesTest, SoftmaxOfRows) {
  const Tensor x = RandomTensor("x", {9, 5});
  Tensor y(x.shape());
  Run(SoftmaxBody{5, x.data<float>(), y.mutable_data<float>()}, 9);
  const auto ref = MakeTestBackend("ref");
  EXPECT_TRUE(AllEqual(y, *ops::Softmax(*ref, x)));
}

// The other rows of the head.
TEST_P(BodiesTest, HeadRows) {
  const auto ref = MakeTestBackend("ref");
  const Tensor pairs = RandomTensor("pairs", {kRois, 3, 3, 2});
  Tensor inside(Shape{kRois, 3, 3});
  Run(InsideProbabilityBody{pairs.data<float>(), inside.mutable_data<float>()},
      inside.num_elements());
  EXPECT_TRUE(AllEqual(inside, *ops::InsideProbabilities(*ref, pairs)));

  RefineParams params;
  params.height = params.width = 100;
  const Tensor rois = RandomRois("rois", kRois, 100, 100);
  const Tensor deltas = RandomTensor("deltas", {kRois, 8});
  Tensor refined(Shape{2 * kRois, 4});
  Run(RefineBody{params, kRois, 8, BoxesOfRows(rois).data(),
                 deltas.data<float>(), MutableBoxesOfRows(&refined).data()},
      kRois);
  EXPECT_TRUE(AllEqual(refined, *ops::RefineBoxes(*ref, params, rois, deltas)));
}

TEST_P(BodiesTest, ConvEndRoundsOnce) {
  // 128.5 has more bits than bf16 and 1024.5 than f16: rounded before the 0.25
  // is added, both would lose their half.
  const std::vector<float> sum = {-3.5f, 1.5f, 0, 128.5f, 1024.5f, -5},
                           add = {1, -9, 2, 0.25f, 0.25f, 1};
  const std::vector<float> want = {-2.5f, -7.5f, 2, 128.75f, 1024.75f, -4};
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
    for (const bool relu : {false, true}) {
      Tensor y(Shape{6}, type);
      WithMapType(type, [&](auto t) {
        using T = MapElement<decltype(t)>;
        T* const to = y.mutable_data<T>();
        for (int i = 0; i < 6; ++i) StoreF32(add[i], to + i);
        // In place.
        Run(ConvEndBody<T>{relu, sum.data(), to, to}, 6);
        for (int i = 0; i < 6; ++i) {
          T rounded;
          StoreF32(relu && want[i] < 0 ? 0 : want[i], &rounded);
          EXPECT_EQ(LoadF32(to[i]), LoadF32(rounded)) << DTypeName(type) << i;
        }
      });
    }
  }
}

TEST_P(BodiesTest, ConvEndWithoutAResidual) {
  const std::vector<float> sum = {-3, 1.5f};
  std::vector<float> y(2);
  Run(ConvEndBody<float>{false, sum.data(), nullptr, y.data()}, 2);
  EXPECT_EQ(y, sum);
}

const auto kShapes = ::testing::Values(Blocks{1, 1}, Blocks{3, 7},
                                       Blocks{2, 32}, Blocks{64, 256});
std::string NameOf(const ::testing::TestParamInfo<Blocks>& info) {
  return absl::StrCat(info.param.blocks, "x", info.param.threads);
}
INSTANTIATE_TEST_SUITE_P(Shapes, BodiesTest, kShapes, NameOf);
INSTANTIATE_TEST_SUITE_P(Shapes, PsroiGradientTest, kShapes, NameOf);

}  // namespace
}  // namespace fcis::kernels
