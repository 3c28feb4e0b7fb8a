#include "fcis/kernels/cpu/int8_conv.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ref/ref_int8_conv.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/conv_cases.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// The network's kinds of convolution, at odd sizes and channel counts.
std::vector<ConvCase> Cases() {
  return {
      {{1, 37, 51, 3}, {64, 3, 7, 7}, 2, 3, 1},    // stem
      {{1, 9, 13, 64}, {256, 64, 1, 1}, 1, 0, 1},  // expand
      {{2, 9, 13, 64}, {48, 64, 1, 1}, 2, 0, 1},   // strided projection
      {{1, 9, 13, 32}, {32, 32, 3, 3}, 1, 1, 1},
      {{1, 9, 13, 32}, {64, 32, 3, 3}, 1, 2, 2},    // dilated
      {{1, 5, 7, 100}, {799, 100, 1, 1}, 1, 0, 1},  // score maps
      {{1, 1, 1, 5}, {3, 5, 3, 3}, 1, 1, 1},
      {{1, 6, 5, 1}, {1, 1, 1, 1}, 1, 0, 1},  // one channel
  };
}

Tensor Coded(absl::string_view name, const Shape& shape, DType type) {
  constexpr float kRange = 1.0f / 127;
  return ToInt8(RandomTensor(name, shape), {type, kRange});
}

Int8Weights RandomWeights(const Shape& shape) {
  Int8Weights weights = {Coded("w", shape, DType::kI8), Tensor({shape.dim(0)}),
                         RandomTensor("b", {shape.dim(0)})};
  const Tensor random = RandomTensor("scales", {shape.dim(0)});
  for (int64_t o = 0; o < shape.dim(0); ++o) {
    weights.scale.mutable_data<float>()[o] =
        0.01f + 0.005f * random.data<float>()[o];
  }
  return weights;
}

class Int8ConvTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!CpuHasInt8()) GTEST_SKIP() << "no AVX512_VNNI";
  }

  // By oneDNN and by the plain loops.
  struct Results {
    Tensor got, want;
  };
  Results Run(const Int8ConvParams& params, const Int8Weights& weights,
              const Tensor& x, DType type) {
    const Shape shape =
        ops::InferConvShape(params.conv, x.shape(), weights.elements.shape())
            .value();
    Results r = {Tensor(shape, type), Tensor(shape, type)};
    Tensor add;
    if (params.residual) add = Coded("r", shape, params.residual->type);
    const Tensor* const residual = params.residual ? &add : nullptr;
    const auto conv =
        PrepareDnnlInt8Conv(params, weights, ConvAlgorithm::kAuto, &context_)
            .value();
    const absl::Status status = conv->Forward(x, residual, &r.got);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_TRUE(
        RefInt8Conv(params, weights).Forward(x, residual, &r.want).ok());
    return r;
  }

  DnnlContext context_;
};

// Elements that differ; each by one step at most, where a value lies between
// two of them.
int64_t OffByOne(const Tensor& a, const Tensor& b) {
  int64_t differ = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    const auto at = [i](const Tensor& t) {
      return t.type() == DType::kU8 ? int{t.data<uint8_t>()[i]}
                                    : int{t.data<int8_t>()[i]};
    };
    const int by = std::abs(at(a) - at(b));
    EXPECT_LE(by, 1) << "element " << i;
    differ += by;
  }
  return differ;
}

TEST_F(Int8ConvTest, EqualsTheReference) {
  for (const ConvCase& c : Cases()) {
    for (const DType in : {DType::kU8, DType::kI8}) {
      for (const char* kind : {"relu", "signed", "sum u8", "sum i8"}) {
        const std::string what = kind;
        SCOPED_TRACE(absl::StrCat(c.x.ToString(), " * ", c.weight.ToString(),
                                  " ", what, " ", DTypeName(in)));
        Int8ConvParams params;
        params.conv = ParamsOf(c, what != "signed");
        params.x = {in, 0.02f};
        params.y = {what == "signed" ? DType::kI8 : DType::kU8, 0.05f};
        if (what == "sum u8") params.residual = {DType::kU8, 0.03f};
        if (what == "sum i8") params.residual = {DType::kI8, 0.03f};
        const Results r = Run(params, RandomWeights(c.weight),
                              Coded("x", c.x, in), params.y->type);
        EXPECT_LE(OffByOne(r.got, r.want), r.got.num_elements() / 1000);
      }
    }
  }
}

// By Winograd's algorithm sums are off by up to 2e-3 of their size
// (wino_conv.h), here a twentieth of a step for what reaches over 255.
TEST_F(Int8ConvTest, NearlyEqualsTheReferenceByWinograd) {
  if (CpuHasAmx()) GTEST_SKIP() << "AMX is faster";
  const ConvCase c = {{1, 25, 33, 64}, {64, 64, 3, 3}, 1, 1, 1};
  const Int8Weights weights = RandomWeights(c.weight);
  const Tensor x = Coded("x", c.x, DType::kU8);
  Int8ConvParams params;
  params.conv = ParamsOf(c, /*relu=*/true);
  params.x = {DType::kU8, 0.02f};
  params.y = {DType::kU8, 1};
  double squares = 0;
  const Tensor values =
      AsF32(Run({params.conv, params.x, {}, {}}, weights, x, DType::kF32).want);
  for (const float v : values.span<float>()) squares += double{v} * v;
  // Half of the values are 0.
  params.y->scale = static_cast<float>(
      10 * std::sqrt(2 * squares / static_cast<double>(values.num_elements())) /
      255);
  const Results r = Run(params, weights, x, DType::kU8);
  const int64_t differ = OffByOne(r.got, r.want);
  EXPECT_GT(differ, 0) << "not by Winograd's algorithm";
  EXPECT_LE(differ, r.got.num_elements() / 20);
}

TEST_F(Int8ConvTest, GivesFloats) {
  for (const ConvCase& c : Cases()) {
    for (const DType type : {DType::kF32, DType::kBF16}) {
      Int8ConvParams params;
      params.conv = ParamsOf(c, /*relu=*/false);
      params.x = {DType::kU8, 0.02f};
      const Results r = Run(params, RandomWeights(c.weight),
                            Coded("x", c.x, DType::kU8), type);
      const Tensor want = AsF32(r.want);
      EXPECT_TRUE(AllNear(AsF32(r.got), want,
                          AbsMax(want) * (type == DType::kF32 ? 1e-6 : 4e-3)));
    }
  }
}

// The sums of the most channels that the network has, of the largest elements,
// pass 16 and 24 bits.
TEST_F(Int8ConvTest, SumsAreExact) {
  const Shape shape = {16, 2048, 1, 1};
  Int8Weights weights = {Tensor(shape, DType::kI8), Tensor(Shape{16}),
                         Tensor::Zeros({16})};
  for (auto& w : weights.elements.mutable_span<int8_t>()) w = 127;
  for (float& s : weights.scale.mutable_span<float>()) s = 1;
  Tensor x({1, 3, 3, 2048}, DType::kU8);
  for (uint8_t& v : x.mutable_span<uint8_t>()) v = 255;
  Int8ConvParams params;
  const Results r = Run(params, weights, x, DType::kF32);
  EXPECT_TRUE(AllEqual(r.got, r.want));
  EXPECT_EQ(r.got.data<float>()[0], 2048.0f * 127 * 255);
}

TEST_F(Int8ConvTest, Saturates) {
  Int8Weights weights = {Tensor(Shape{2, 1, 1, 1}, DType::kI8),
                         Tensor(Shape{2}), Tensor::Zeros({2})};
  weights.elements.mutable_data<int8_t>()[0] = 127;
  weights.elements.mutable_data<int8_t>()[1] = -127;
  for (float& s : weights.scale.mutable_span<float>()) s = 1;
  Tensor x({1, 1, 1, 1}, DType::kU8);
  x.mutable_data<uint8_t>()[0] = 255;
  Int8ConvParams params;
  params.y = {DType::kI8, 1};
  const Results r = Run(params, weights, x, DType::kI8);
  EXPECT_TRUE(AllEqual(r.got, r.want));
  EXPECT_EQ(r.got.data<int8_t>()[0], 127);
  EXPECT_EQ(r.got.data<int8_t>()[1], -128);
}

TEST_F(Int8ConvTest, WeightsOfZeroLeaveTheBias) {
  Int8Weights weights = RandomWeights({8, 4, 3, 3});
  weights.elements = Tensor::Zeros({8, 4, 3, 3}, DType::kI8);
  Int8ConvParams params;
  params.conv.pad = 1;
  params.x = {DType::kI8, 0.1f};
  const Results r =
      Run(params, weights, Coded("x", {1, 5, 5, 4}, DType::kI8), DType::kF32);
  for (int64_t i = 0; i < r.got.num_elements(); ++i) {
    EXPECT_NEAR(r.got.data<float>()[i], weights.bias.data<float>()[i % 8],
                1e-6);
  }
}

// Other sizes, and the first one again, in place of the residual.
TEST_F(Int8ConvTest, InputSizesMayAlternate) {
  Int8ConvParams params;
  params.conv.pad = 1;
  params.conv.relu = true;
  params.x = params.residual.emplace(Int8Code{DType::kU8, 0.02f});
  params.y = {DType::kU8, 0.05f};
  const Int8Weights weights = RandomWeights({64, 64, 3, 3});
  const auto conv =
      PrepareDnnlInt8Conv(params, weights, ConvAlgorithm::kAuto, &context_)
          .value();
  RefInt8Conv ref(params, weights);
  std::vector<Shape> sizes = {{1, 40, 56, 64}, {1, 1, 3, 64}, {4, 7, 7, 64}};
  // More than it has plans for.
  for (int64_t height = 2; height < 40; ++height) {
    sizes.push_back({1, height, 3, 64});
  }
  sizes.push_back(sizes[0]);
  for (const Shape& size : sizes) {
    const Tensor x = Coded("x", size, DType::kU8);
    Tensor got = Coded("r", size, DType::kU8), want = got.Clone();
    ASSERT_TRUE(conv->Forward(x, &got, &got).ok());
    ASSERT_TRUE(ref.Forward(x, &want, &want).ok());
    EXPECT_LE(OffByOne(got, want), got.num_elements() / 1000 + 1);
  }
}

TEST_F(Int8ConvTest, SameBitsForAnyNumberOfThreads) {
  Int8ConvParams params;
  params.conv.pad = 1;
  params.y = {DType::kI8, 0.05f};
  const auto conv = PrepareDnnlInt8Conv(params, RandomWeights({48, 32, 3, 3}),
                                        ConvAlgorithm::kAuto, &context_)
                        .value();
  const Tensor x = Coded("x", {1, 19, 23, 32}, DType::kU8);
  std::vector<Tensor> results;
  for (const int threads : {1, 2, 3, 1}) {
    SetNumThreads(threads);
    results.emplace_back(Shape{1, 19, 23, 48}, DType::kI8);
    ASSERT_TRUE(conv->Forward(x, nullptr, &results.back()).ok());
    EXPECT_TRUE(AllEqual(results.back(), results[0]));
  }
  SetNumThreads(0);
}

}  // namespace
}  // namespace fcis::kernels
