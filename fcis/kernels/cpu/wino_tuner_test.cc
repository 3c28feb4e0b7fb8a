#include "fcis/kernels/cpu/wino_tuner.h"

#include <memory>

#include "absl/status/status.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

// Gives -1 everywhere, or 1 with a residual, after a pause, so that who ran is
// seen.
class Marked : public Convolution {
 public:
  Marked(const ConvParams& params, const Shape& weight, int64_t pause)
      : Convolution(params, weight), pause_(pause) {}
  absl::Status Forward(const Tensor&, const Tensor* residual,
                       Tensor* y) override {
    volatile int64_t spin = 0;
    while (spin < pause_) spin = spin + 1;
    for (float& v : y->mutable_span<float>()) {
      v = residual == nullptr ? -1.0f : 1.0f;
    }
    return absl::OkStatus();
  }

 private:
  const int64_t pause_;
};

constexpr int64_t kLong = 30'000'000;  // far longer than a convolution here

class WinoTunerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    params_.pad = 1;
    if (!WinoConv::Fits(params_, Shape{16, 16, 3, 3})) {
      GTEST_SKIP() << "needs AVX2 and FMA";
    }
  }

  // channels: another key for every test. A direct one that pauses so long.
  std::unique_ptr<Convolution> Make(ConvAlgorithm algorithm, int64_t channels,
                                    int64_t pause) {
    weight_ = RandomTensor("w", Shape{16, channels, 3, 3});
    bias_ = RandomTensor("b", Shape{16});
    return MakeTunedConv(
        algorithm, params_, weight_, bias_,
        [this, pause](
            const Tensor& w) -> absl::StatusOr<std::unique_ptr<Convolution>> {
          ++made_;
          EXPECT_TRUE(AllEqual(w, weight_));
          return std::make_unique<Marked>(params_, w.shape(), pause);
        },
        &space_);
  }

  Tensor Forward(Convolution* conv, int64_t size, bool residual = false) {
    const Shape shape = {1, size, size, conv->weight_shape().dim(1)};
    Tensor y(Shape{1, size, size, 16});
    const Tensor add = Tensor::Zeros(y.shape());
    EXPECT_TRUE(
        conv->Forward(RandomTensor("x", shape), residual ? &add : nullptr, &y)
            .ok());
    return y;
  }
  Tensor Winograd(int64_t channels, int64_t size) {
    Tensor y(Shape{1, size, size, 16});
    WinoConv(params_, weight_, bias_)
        .Run(RandomTensor("x", Shape{1, size, size, channels}), &space_, &y);
    return y;
  }
  static bool WasDirect(const Tensor& y) { return y.data<float>()[0] == -1; }

  ConvParams params_;
  Tensor weight_, bias_;
  WinoSpace space_;
  int made_ = 0;
};

TEST_F(WinoTunerTest, WinogradWithoutMeasuring) {
  const auto conv = Make(ConvAlgorithm::kWinograd, 16, 0);
  EXPECT_TRUE(AllEqual(Forward(conv.get(), 9), Winograd(16, 9)));
  EXPECT_EQ(made_, 0);
  // It knows no residual; the direct one gets the weights back.
  EXPECT_EQ(Forward(conv.get(), 9, true).data<float>()[0], 1);
  EXPECT_EQ(made_, 1);
}

TEST_F(WinoTunerTest, TakesTheFasterOne) {
  const auto slow = Make(ConvAlgorithm::kAuto, 32, kLong);
  EXPECT_TRUE(AllEqual(Forward(slow.get(), 9), Winograd(32, 9)));
  const auto fast = Make(ConvAlgorithm::kAuto, 48, 0);
  EXPECT_TRUE(WasDirect(Forward(fast.get(), 64)));
}

TEST_F(WinoTunerTest, MeasuresOncePerProcess) {
  const auto first = Make(ConvAlgorithm::kAuto, 64, kLong);
  EXPECT_FALSE(WasDirect(Forward(first.get(), 9)));
  EXPECT_EQ(made_, 1);
  // A direct one would be faster now, but nothing is measured.
  const auto second = Make(ConvAlgorithm::kAuto, 64, 0);
  EXPECT_FALSE(WasDirect(Forward(second.get(), 10)));
  EXPECT_EQ(made_, 1);
  // Another number of pixels is.
  EXPECT_TRUE(WasDirect(Forward(second.get(), 64)));
  EXPECT_EQ(made_, 2);
}

TEST(TimeByTurns, TheSlowerOneTakesLonger) {
  const auto spin = [](int64_t n) {
    volatile int64_t i = 0;
    while (i < n) i = i + 1;
  };
  const TunedSeconds seconds =
      TimeByTurns([&] { spin(kLong); }, [&] { spin(kLong / 100); });
  EXPECT_GT(seconds.direct, seconds.winograd);
  EXPECT_GT(seconds.winograd, 0);
}

}  // namespace
}  // namespace fcis::kernels
