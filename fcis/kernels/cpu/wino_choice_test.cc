#include "fcis/kernels/cpu/wino_choice.h"

#include <memory>

#include "absl/status/status.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Gives -1 everywhere, or 1 with a residual, so that who ran is seen.
class Marked : public Convolution {
 public:
  using Convolution::Convolution;
  absl::Status Forward(const Tensor&, const Tensor* residual,
                       Tensor* y) override {
    for (float& v : y->mutable_span<float>()) {
      v = residual == nullptr ? -1.0f : 1.0f;
    }
    return absl::OkStatus();
  }
};

class WinoChoiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    params_.pad = 1;
    if (!WinoConv::Fits(params_, Shape{16, 16, 3, 3})) {
      GTEST_SKIP() << "needs AVX2 and FMA";
    }
  }

  std::unique_ptr<Convolution> Make(ConvAlgorithm algorithm, int64_t channels) {
    weight_ = RandomTensor("w", Shape{channels, channels, 3, 3});
    bias_ = RandomTensor("b", Shape{channels});
    return MakeWinoOrDirect(
        algorithm, DType::kF32, params_, weight_, bias_,
        [this](
            const Tensor& w) -> absl::StatusOr<std::unique_ptr<Convolution>> {
          ++made_;
          EXPECT_TRUE(AllEqual(w, weight_));
          return std::make_unique<Marked>(params_, w.shape());
        });
  }

  Shape MapOf(int64_t size) const {
    return {1, size, size, weight_.shape().dim(0)};
  }
  Tensor Forward(Convolution* conv, int64_t size, bool residual = false) {
    Tensor y(MapOf(size));
    const Tensor add = Tensor::Zeros(y.shape());
    EXPECT_TRUE(conv->Forward(RandomTensor("x", MapOf(size)),
                              residual ? &add : nullptr, &y)
                    .ok());
    return y;
  }
  Tensor Winograd(int64_t size) {
    Tensor y(MapOf(size));
    WinoConv(params_, weight_, bias_).Run(RandomTensor("x", MapOf(size)), &y);
    return y;
  }
  static bool WasDirect(const Tensor& y) { return y.data<float>()[0] == -1; }

  ConvParams params_;
  Tensor weight_, bias_;
  int made_ = 0;
};

TEST_F(WinoChoiceTest, WinogradWhereverItCanBe) {
  const auto conv = Make(ConvAlgorithm::kWinograd, 16);
  EXPECT_TRUE(AllEqual(Forward(conv.get(), 9), Winograd(9)));
  EXPECT_EQ(made_, 0);
  // It knows no residual; the direct one gets the weights back.
  EXPECT_EQ(Forward(conv.get(), 9, true).data<float>()[0], 1);
  EXPECT_EQ(made_, 1);
}

TEST_F(WinoChoiceTest, AutoByTheShapes) {
  const auto conv = Make(ConvAlgorithm::kAuto, 64);
  EXPECT_TRUE(WasDirect(Forward(conv.get(), 22)));
  EXPECT_TRUE(AllEqual(Forward(conv.get(), 23), Winograd(23)));
  // Back and forth, each made once.
  EXPECT_TRUE(WasDirect(Forward(conv.get(), 22)));
  EXPECT_FALSE(WasDirect(Forward(conv.get(), 23)));
  EXPECT_EQ(made_, 1);
  EXPECT_TRUE(WasDirect(Forward(Make(ConvAlgorithm::kAuto, 48).get(), 23)));
}

TEST_F(WinoChoiceTest, TellsWhichItIs) {
  const auto conv = Make(ConvAlgorithm::kAuto, 64);
  const Tensor small(MapOf(22)), large(MapOf(23));
  EXPECT_EQ(conv->AlgorithmFor(small, nullptr), "direct");
  EXPECT_EQ(conv->AlgorithmFor(large, nullptr), "winograd");
  EXPECT_EQ(conv->AlgorithmFor(large, &large), "direct");
  EXPECT_EQ(made_, 0);
}

// Gives 9 everywhere.
class MarkedInt8 : public Int8Convolution {
 public:
  using Int8Convolution::Int8Convolution;
  absl::Status Forward(const Tensor&, const Tensor*, Tensor* y) override {
    for (uint8_t& v : y->mutable_span<uint8_t>()) v = 9;
    return absl::OkStatus();
  }
};

TEST(WinoChoiceInt8Test, ByTheAlgorithmAndTheShapes) {
  Int8ConvParams params;
  params.conv.pad = 1;
  params.y = Int8Code();
  const Shape shape = {64, 64, 3, 3};
  if (!WinoInt8Conv::Fits(params, shape)) {
    GTEST_SKIP() << "needs AVX512_VNNI";
  }
  Int8Weights weights = {
      ToInt8(RandomTensor("w", shape), {DType::kI8, 1.0f / 127}),
      Tensor(Shape{64}), RandomTensor("b", {64})};
  for (float& s : weights.scale.mutable_span<float>()) s = 1e-4f;
  const auto forward = [&](Int8Convolution* conv, int64_t size) {
    const Tensor x = ToInt8(RandomTensor("x", {1, size, size, 64}),
                            {DType::kU8, 1.0f / 255});
    Tensor y(x.shape(), DType::kU8), winograd(x.shape(), DType::kU8);
    EXPECT_TRUE(conv->Forward(x, nullptr, &y).ok());
    WinoInt8Conv(params, weights).Run(x, &winograd);
    return AllEqual(y, winograd)       ? "winograd"
           : y.data<uint8_t>()[0] == 9 ? "direct"
                                       : "neither";
  };
  for (const ConvAlgorithm algorithm :
       {ConvAlgorithm::kAuto, ConvAlgorithm::kWinograd}) {
    const auto conv = MakeWinoOrDirect(
        algorithm, weights, std::make_unique<MarkedInt8>(params, shape));
    for (const int64_t size : {22, 23, 22}) {
      const Tensor x(Shape{1, size, size, 64}, DType::kU8);
      const bool winograd = algorithm == ConvAlgorithm::kWinograd || size == 23;
      EXPECT_EQ(conv->AlgorithmFor(x, nullptr),
                winograd ? "winograd" : "direct");
      EXPECT_EQ(forward(conv.get(), size), conv->AlgorithmFor(x, nullptr));
      EXPECT_NE(conv->TakesRows(x.shape()), winograd);
    }
  }
}

TEST(WinogradPays, ManyChannelsAndPixels) {
  for (const DType maps : {DType::kF32, DType::kBF16}) {
    const auto pays = [maps](const Shape& weight, const Shape& x) {
      return WinogradPays(maps, weight, x);
    };
    EXPECT_TRUE(pays({64, 64, 3, 3}, {1, 16, 32, 64}));
    EXPECT_TRUE(pays({64, 64, 3, 3}, {2, 16, 16, 64}));
    EXPECT_FALSE(pays({64, 64, 3, 3}, {1, 16, 31, 64}));
    EXPECT_FALSE(pays({48, 64, 3, 3}, {1, 99, 99, 64}));
    EXPECT_FALSE(pays({64, 48, 3, 3}, {1, 99, 99, 48}));
  }
  EXPECT_TRUE(WinogradPays(DType::kU8, {32, 32, 3, 3}, {1, 16, 32, 32}));
  EXPECT_FALSE(WinogradPays(DType::kU8, {32, 32, 3, 3}, {1, 16, 31, 32}));
  EXPECT_FALSE(WinogradPays(DType::kU8, {16, 32, 3, 3}, {1, 99, 99, 32}));
}

}  // namespace
}  // namespace fcis::kernels
