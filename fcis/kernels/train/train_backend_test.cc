// Every training op of the backends against the ref backend, whose gradients
// the parity fixtures and finite differences check.
#include "fcis/kernels/train/train_backend.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

Tensor Exported(TrainBackend* backend, const Tensor& map) {
  return *backend->forward().ToHost(
      *backend->forward().Convert(map, DType::kF32, Layout::kRowMajor));
}

class TrainBackendTest : public ::testing::TestWithParam<std::string> {};

struct ConvCase {
  int64_t n, height, width, in, out, kernel;
  int stride, pad, dilation;
  bool relu, residual, factors;
  bool few = false;  // pixels of the gradient of y that are not 0: one in five
};

// What one convolution and its gradients give on one backend.
struct ConvResult {
  Tensor y, gx, gweight, gbias, weight;
};

// The values in the memory of the backend's parameters, and back.
Tensor Placed(TrainBackend* backend, absl::Span<const float> values) {
  Tensor t = *backend->parameters().Zeros(values.size());
  EXPECT_TRUE(
      backend->parameters().Put(values.data(), values.size(), Floats(&t)).ok());
  return t;
}
Tensor Fetched(TrainBackend* backend, Tensor t) {
  Tensor host(t.shape());
  EXPECT_TRUE(
      backend->parameters()
          .Fetch(Floats(&t), t.num_elements(), host.mutable_data<float>())
          .ok());
  return host;
}

Tensor GradientOfY(const ConvCase& c, const Shape& shape) {
  Tensor gy = RandomTensor("gy", shape).Clone();
  const int64_t pixels = gy.num_elements() / c.out;
  for (int64_t p = 0; p < pixels; ++p) {
    if (!c.few || p % 5 == 3) continue;
    std::fill_n(gy.mutable_data<float>() + p * c.out, c.out, 0.0f);
  }
  return gy;
}

ConvResult RunConv(TrainBackend* backend, const ConvCase& c, bool twice) {
  ConvParams params;
  params.stride = c.stride;
  params.pad = c.pad;
  params.dilation = c.dilation;
  params.relu = c.relu;
  const Shape kernel = {c.out, c.in, c.kernel, c.kernel};
  const Tensor factors = RandomTensor("factors", {c.out});
  auto conv = *backend->forward().MakeConv(
      params, kernel,
      c.factors ? factors.span<float>() : absl::Span<const float>());
  std::vector<float> stored(conv->factors().size());
  conv->ToStored(RandomTensor("weight", kernel), stored.data());
  const Tensor bias = RandomTensor("bias", {c.out});
  Tensor weight_there = Placed(backend, stored);
  Tensor bias_there = Placed(backend, bias.span<float>());
  EXPECT_TRUE(conv->Set(Floats(&weight_there), Floats(&bias_there)).ok());

  const Tensor x = RandomTensor("x", {c.n, c.height, c.width, c.in});
  const Shape shape = *ops::InferConvShape(params, x.shape(), kernel);
  const Tensor input = *backend->ToOwnLayout(x);
  const Tensor residual =
      *backend->ToOwnLayout(RandomTensor("residual", shape));
  const Tensor y = c.residual
                       ? *ops::Conv(backend->forward(), *conv, input, residual)
                       : *ops::Conv(backend->forward(), *conv, input);
  const Tensor gy = *backend->ToOwnLayout(GradientOfY(c, shape));
  Tensor gx;
  // Are overwritten.
  Tensor gweight = Placed(backend, std::vector<float>(stored.size(), 9.0f));
  Tensor gbias = Placed(backend, std::vector<float>(c.out, 9.0f));
  for (int i = 0; i <= (twice ? 1 : 0); ++i) {
    EXPECT_TRUE(conv->GradientOfWeight(input, gy, /*add=*/i > 0,
                                       Floats(&gweight), Floats(&gbias))
                    .ok());
    gx = *conv->GradientOfX(x.shape(), gy);
  }
  return {Exported(backend, y), Exported(backend, gx),
          conv->FromStored(Fetched(backend, gweight).data<float>()),
          Fetched(backend, gbias), conv->FromStored(stored.data())};
}

// Sums of n products of values in [-1, 1): float32 in any order errs by at
// most n * 2^-24 * n / 2 when all add up; random signs stay far below n / 100.
double Limit(double products) { return 2e-7 * products; }

void ExpectLikeRef(const std::string& name, const ConvCase& c, bool twice) {
  SCOPED_TRACE(absl::StrCat(c.in, " -> ", c.out, ", kernel ", c.kernel,
                            ", stride ", c.stride, ", dilation ", c.dilation));
  const auto ref = MakeTestTrainBackend("ref"),
             tested = MakeTestTrainBackend(name);
  const ConvResult want = RunConv(ref.get(), c, twice);
  const ConvResult got = RunConv(tested.get(), c, twice);
  EXPECT_TRUE(AllEqual(got.weight, want.weight));
  const double taps = c.kernel * c.kernel;
  const double pixels = 2.0 * c.n * c.height * c.width;
  EXPECT_TRUE(AllNear(got.y, want.y, Limit(taps * c.in + 10)));
  EXPECT_TRUE(AllNear(got.gx, want.gx, Limit(taps * c.out + 10)));
  EXPECT_TRUE(AllNear(got.gweight, want.gweight, Limit(pixels)));
  EXPECT_TRUE(AllNear(got.gbias, want.gbias, Limit(pixels)));
}

TEST_P(TrainBackendTest, ConvolutionsLikeRef) {
  for (const ConvCase& c : std::vector<ConvCase>{
           {1, 9, 11, 16, 32, 1, 1, 0, 1, false, false, true},
           {1, 9, 11, 32, 16, 1, 2, 0, 1, true, false, true},
           {2, 9, 11, 16, 16, 3, 1, 1, 1, true, true, true},
           {1, 10, 12, 24, 40, 3, 1, 2, 2, true, false, true},
           {2, 8, 7, 8, 18, 1, 1, 0, 1, false, true, false},
           {1, 21, 18, 3, 8, 7, 2, 3, 1, true, false, true},
           {1, 1, 1, 5, 7, 1, 1, 0, 1, false, false, false},
           // Large enough for the CPU's own Winograd kernels.
           {1, 23, 25, 64, 64, 3, 1, 1, 1, true, false, true},
           {2, 18, 17, 64, 80, 3, 1, 2, 2, false, false, true},
           // Pixels whose gradient is 0 may be left out.
           {2, 9, 11, 64, 48, 1, 1, 0, 1, false, false, true, true},
           {2, 23, 25, 64, 64, 3, 1, 1, 1, false, false, true, true}}) {
    ExpectLikeRef(GetParam(), c, false);
  }
}

TEST_P(TrainBackendTest, GradientsAddUp) {
  ExpectLikeRef(GetParam(), {1, 9, 11, 16, 32, 3, 1, 1, 1, false, false, true},
                true);
  ExpectLikeRef(GetParam(), {2, 5, 5, 3, 6, 7, 2, 3, 1, false, false, false},
                true);
}

// Operands and results are rounded to u of themselves. A product of values in
// [-1, 1) is 1/3 large on average and its operands' roundings make it wrong by
// up to 2u: sums of n of them, of random signs, by 10u * sqrt(n) / 3 at five
// standard deviations, and rounding the sum adds up to 5u * sqrt(n) / 3.
void ExpectNarrowLikeRef(TrainBackend* tested, const ConvCase& c, DType type,
                         bool twice) {
  SCOPED_TRACE(absl::StrCat(DTypeName(type), " ", c.in, " -> ", c.out));
  const auto ref = MakeTestTrainBackend("ref");
  const ConvResult want = RunConv(ref.get(), c, twice);
  const ConvResult got = RunConv(tested, c, twice);
  EXPECT_TRUE(AllEqual(got.weight, want.weight));
  const auto limit = [type](double products) {
    return 15 * UnitRoundoff(type) * std::sqrt(products) / 3;
  };
  const double taps = c.kernel * c.kernel;
  const double pixels = (twice ? 4.0 : 1.0) * c.n * c.height * c.width;
  EXPECT_TRUE(AllNear(got.y, want.y, limit(taps * c.in + 10)));
  EXPECT_TRUE(AllNear(got.gx, want.gx, limit(taps * c.out)));
  EXPECT_TRUE(AllNear(got.gweight, want.gweight, limit(pixels)));
  EXPECT_TRUE(AllNear(got.gbias, want.gbias, limit(pixels)));
}

TEST_P(TrainBackendTest, NarrowTypesAreNearRef) {
  if (GetParam() == "ref") GTEST_SKIP() << "ref trains in f32 only";
  for (const DType type : {DType::kBF16, DType::kF16}) {
    const auto tested = MakeTestTrainBackend(GetParam(), type);
    if (tested == nullptr) continue;  // not on this device
    // Channels that tensor cores take as they are, and others.
    for (const ConvCase& c : std::vector<ConvCase>{
             {2, 9, 11, 32, 48, 3, 1, 1, 1, false, true, true},
             {2, 18, 17, 64, 80, 3, 1, 2, 2, true, false, true},
             {2, 9, 11, 32, 18, 1, 2, 0, 1, false, false, false},
             {2, 9, 11, 24, 41, 1, 1, 0, 1, true, false, true},
             {2, 9, 11, 64, 150, 1, 1, 0, 1, false, false, true, true},
             {2, 9, 11, 64, 48, 3, 1, 1, 1, false, false, true, true},
             {1, 21, 18, 3, 8, 7, 2, 3, 1, true, false, true},
             {1, 10, 12, 24, 40, 3, 1, 2, 2, true, false, true}}) {
      for (const bool twice : {false, true}) {
        ExpectNarrowLikeRef(tested.get(), c, type, twice);
      }
    }
  }
}

// One column or row of pixels, in every kind of convolution of the network.
TEST_P(TrainBackendTest, Case53ThinMapsAreNearRef) {
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
    if (GetParam() == "ref" && type != DType::kF32) continue;
    const auto tested = MakeTestTrainBackend(GetParam(), type);
    if (tested == nullptr) continue;  // not on this device
    for (const auto& [height, width] :
         {std::pair(20, 1), std::pair(1, 20), std::pair(1, 1)}) {
      SCOPED_TRACE(absl::StrCat(height, "x", width));
      for (const ConvCase& c : std::vector<ConvCase>{
               {1, height, width, 3, 32, 7, 2, 3, 1, true, false, true},
               {1, height, width, 32, 48, 1, 1, 0, 1, true, true, true},
               {1, height, width, 32, 48, 1, 2, 0, 1, false, false, true},
               {1, height, width, 32, 48, 3, 1, 1, 1, true, false, true},
               {1, height, width, 32, 48, 3, 1, 2, 2, true, false, true},
               {1, height, width, 24, 24, 3, 1, 1, 1, true, false, true},
               {1, height, width, 24, 24, 3, 1, 2, 2, true, false, true},
               {1, height, width, 48, 18, 1, 1, 0, 1, false, false, true}}) {
        if (type == DType::kF32) {
          ExpectLikeRef(GetParam(), c, false);
        } else {
          ExpectNarrowLikeRef(tested.get(), c, type, false);
        }
      }
    }
  }
}

// Whether the weights are set once or change, and whatever the layout of x.
TEST_P(TrainBackendTest, ConvolutionsTakeEitherLayoutAndGiveIt) {
  const auto backend = MakeTestTrainBackend(GetParam());
  Backend& forward = backend->forward();
  ConvParams params;
  params.pad = params.dilation = 2;
  const Shape kernel = {24, 20, 3, 3};
  const Tensor weight = RandomTensor("weight", kernel);
  const Tensor bias = RandomTensor("bias", {24});
  const auto once = *ops::PrepareConv(forward, params, weight, bias);
  const auto trained = *forward.MakeConv(params, kernel, {});
  std::vector<float> stored(trained->factors().size());
  trained->ToStored(weight, stored.data());
  Tensor there = Placed(backend.get(), stored);
  Tensor bias_there = Placed(backend.get(), bias.span<float>());
  ASSERT_TRUE(trained->Set(Floats(&there), Floats(&bias_there)).ok());

  const Tensor x = *forward.ToDevice(RandomTensor("x", {2, 9, 7, 20}));
  const Tensor own = *backend->ToOwnLayout(x);
  const Tensor want = *forward.ToHost(*ops::Conv(forward, *once, x));
  for (Convolution* conv :
       {once.get(), static_cast<Convolution*>(trained.get())}) {
    for (const Tensor& in : {x, own}) {
      const auto y = ops::Conv(forward, *conv, in);
      ASSERT_TRUE(y.ok()) << y.status();
      EXPECT_EQ(y->layout(), in.layout());
      EXPECT_TRUE(AllNear(Exported(backend.get(), *y), want, Limit(9 * 20)));
    }
    if (own.layout() == Layout::kRowMajor) continue;
    EXPECT_FALSE(
        ops::Conv(forward, *conv, own, RandomTensor("r", want.shape())).ok());
  }
}

TEST(TrainBackendFactoryTest, PaddingOfStoredWeightsStaysZero) {
  const auto cpu = MakeTestTrainBackend("cpu");
  const Tensor factors = RandomTensor("factors", {18});
  auto conv = *cpu->forward().MakeConv(ConvParams(), {18, 5, 1, 1},
                                       factors.span<float>());
  std::vector<float> stored(conv->factors().size(), 7.0f);
  conv->ToStored(RandomTensor("weight", {18, 5, 1, 1}), stored.data());
  EXPECT_EQ(std::count(stored.begin(), stored.end(), 7.0f), 0);
  EXPECT_LE(std::count_if(stored.begin(), stored.end(),
                          [](float v) { return v != 0; }),
            18 * 5);
}

TEST_P(TrainBackendTest, CombineLikeRef) {
  const auto ref = MakeTestTrainBackend("ref"),
             tested = MakeTestTrainBackend(GetParam());
  const Shape shape = {1, 13, 9, 24};
  for (const bool gated : {false, true}) {
    for (const bool added : {false, true}) {
      std::vector<Tensor> results;
      for (TrainBackend* backend : {ref.get(), tested.get()}) {
        const Tensor gate = *backend->ToOwnLayout(RandomTensor("gate", shape));
        const Tensor other =
            *backend->ToOwnLayout(RandomTensor("other", shape));
        Tensor g = *backend->ToOwnLayout(RandomTensor("g", shape).Clone());
        ASSERT_TRUE(
            backend
                ->Combine(gated ? &gate : nullptr, added ? &other : nullptr, &g)
                .ok());
        results.push_back(Exported(backend, g));
      }
      EXPECT_TRUE(AllEqual(results[1], results[0]));
    }
  }
}

TEST_P(TrainBackendTest, MaxPoolLikeRef) {
  const auto ref = MakeTestTrainBackend("ref"),
             tested = MakeTestTrainBackend(GetParam());
  for (const Shape& shape : {Shape{1, 12, 9, 16}, Shape{2, 7, 8, 24},
                             Shape{1, 1, 9, 16}, Shape{1, 9, 1, 16}}) {
    std::vector<Tensor> ys, gxs;
    for (TrainBackend* backend : {ref.get(), tested.get()}) {
      const Tensor x = *backend->ToOwnLayout(RandomTensor("x", shape));
      const Tensor y = *ops::MaxPool(backend->forward(), MaxPoolParams(), x);
      const Tensor gy = *backend->ToOwnLayout(RandomTensor("gy", y.shape()));
      ys.push_back(Exported(backend, y));
      gxs.push_back(
          Exported(backend, *backend->MaxPoolGradient(MaxPoolParams(), x, gy)));
    }
    EXPECT_TRUE(AllEqual(ys[1], ys[0]));
    // At most four windows meet in a pixel.
    EXPECT_TRUE(AllNear(gxs[1], gxs[0], 1e-6));
  }
}

TEST_P(TrainBackendTest, PsroiGradientsLikeRef) {
  const auto ref = MakeTestTrainBackend("ref"),
             tested = MakeTestTrainBackend(GetParam());
  PsroiParams params;
  constexpr int64_t kRois = 9, kClasses = 5;
  const Shape maps = {14, 17, 49 * 2 * kClasses};
  const Tensor rois = RandomRois("rois", kRois, 14 * 16, 17 * 16);
  const Tensor scores = RandomTensor("maps", maps);
  const Tensor gscores = RandomTensor("gscores", {kRois, kClasses});
  const Tensor gpairs = RandomTensor("gpairs", {kRois, 21, 21, 2});
  Tensor classes(Shape{kRois}, DType::kI32);
  for (int i = 0; i < kRois; ++i) {
    classes.mutable_data<int32_t>()[i] = i % (kClasses + 1) - 1;
  }
  std::vector<Tensor> class_maps, box_maps;
  for (TrainBackend* backend : {ref.get(), tested.get()}) {
    Tensor g = *backend->forward().AllocateMap(maps, DType::kF32);
    ASSERT_TRUE(backend
                    ->PsroiClassGradient(params, scores, rois, gscores, classes,
                                         gpairs, &g)
                    .ok());
    class_maps.push_back(*backend->forward().ToHost(g));
    g = *backend->forward().AllocateMap({14, 17, 49 * 8}, DType::kF32);
    ASSERT_TRUE(backend
                    ->PsroiMeanGradient(params, rois,
                                        RandomTensor("gy", {kRois, 8}), &g)
                    .ok());
    box_maps.push_back(*backend->forward().ToHost(g));
  }
  // A pixel gathers from at most kRois * 441 cells, each at most 1 + 1/441.
  const auto limit = [](const Tensor& want) {
    return 1e-6 * std::max(1.0, AbsMax(want));
  };
  EXPECT_TRUE(AllNear(class_maps[1], class_maps[0], limit(class_maps[0])));
  EXPECT_TRUE(AllNear(box_maps[1], box_maps[0], limit(box_maps[0])));
}

TEST_P(TrainBackendTest, NoRoisGiveNoGradient) {
  const PsroiParams params;
  const auto backend = MakeTestTrainBackend(GetParam());
  const Shape maps = {5, 6, 49 * 4};
  Tensor g = *backend->forward().AllocateMap(maps, DType::kF32);
  ASSERT_TRUE(backend
                  ->PsroiClassGradient(params, RandomTensor("maps", maps),
                                       Tensor({0, 4}), Tensor({0, 2}),
                                       Tensor({0}, DType::kI32),
                                       Tensor({0, 21, 21, 2}), &g)
                  .ok());
  EXPECT_TRUE(AllEqual(*backend->forward().ToHost(g), Tensor::Zeros(maps)));
  g = *backend->forward().AllocateMap(maps, DType::kF32);
  ASSERT_TRUE(
      backend->PsroiMeanGradient(params, Tensor({0, 4}), Tensor({0, 4}), &g)
          .ok());
  EXPECT_TRUE(AllEqual(*backend->forward().ToHost(g), Tensor::Zeros(maps)));
}

INSTANTIATE_TEST_SUITE_P(Backends, TrainBackendTest,
                         ::testing::ValuesIn(TrainBackendNames()),
                         [](const ::testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST(TrainBackendFactoryTest, UnknownNames) {
  EXPECT_FALSE(MakeTrainBackend("check:cpu,ref", Precision::kF32).ok());
  EXPECT_FALSE(MakeTrainBackend("ref", Precision::kBF16).ok());
  EXPECT_FALSE(MakeTrainBackend("cpu", Precision::kInt8).ok());
  for (const char* name : {"cpu", "ref"}) {
    for (const Precision precision : {Precision::kTF32, Precision::kF16}) {
      EXPECT_TRUE(
          absl::IsUnimplemented(MakeTrainBackend(name, precision).status()))
          << name;
    }
  }
}

}  // namespace
}  // namespace fcis::kernels
