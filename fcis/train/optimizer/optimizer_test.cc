#include "fcis/train/optimizer/optimizer.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/kernels/train/host_parameter_math.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

// One parameter of `size` elements in plain order, or with a factor of 3 for
// every second element.
struct Fixture {
  explicit Fixture(int64_t size, bool factored = false)
      : values(size),
        gradients(size),
        factors(factored
                    ? kernels::OutputFactors({1.0f, 3.0f}, {0, 1},
                                             std::vector<int32_t>(size / 2))
                    : kernels::OutputFactors(size)) {
    for (int64_t i = 0; i < size; ++i) {
      values[i] = 0.01f * static_cast<float>(i % 17 - 8);
      gradients[i] = 0.1f * static_cast<float>(i % 5 - 2);
    }
    parameter.name = "head/psroi_conv1/W";
    parameter.shape = Shape{size};
    parameter.value = values.data();
    parameter.gradient = gradients.data();
    parameter.factors = &factors;
    parameter.to_file = [size](const float* stored) {
      return Tensor::FromSpan(Shape{size}, absl::MakeConstSpan(stored, size));
    };
    parameter.from_file = [size](const Tensor& file, float* stored) {
      std::copy_n(file.data<float>(), size, stored);
    };
  }
  Fixture(const Fixture&) = delete;

  std::vector<float> values, gradients;
  kernels::OutputFactors factors;
  Parameter parameter;
};

std::unique_ptr<Optimizer> Make(const OptimizerConfig& config, Fixture* f) {
  static kernels::HostParameterMath math;
  return *Optimizer::Create(config, {&f->parameter}, &math);
}

OptimizerConfig AdamW() {
  OptimizerConfig config;
  config.set_kind(OptimizerConfig::ADAMW);
  config.set_weight_decay(0.1);
  config.set_ema_decay(0.9);
  config.set_clip_norm(0.5);
  return config;
}

TEST(OptimizerTest, SgdScalesGradientAndDecayOfALayer) {
  Fixture f(2);
  f.values = {1, 2};
  f.gradients = {0.5f, 0};
  OptimizerConfig config;
  config.set_momentum(0.5);
  config.set_weight_decay(0.1);
  auto* scaled = config.add_layer_scales();
  scaled->set_layer("head/psroi_conv1");
  scaled->set_scale(3);
  const auto optimizer = Make(config, &f);
  EXPECT_TRUE(optimizer->Step(0.1f, 0).ok());
  // v = -0.1 * (0.5 + 0.1) * 3.
  EXPECT_FLOAT_EQ(f.values[0], 1 - 0.18f);
  EXPECT_FLOAT_EQ(f.values[1], 2 - 0.06f);
  EXPECT_TRUE(optimizer->Step(0.1f, 0).ok());
  EXPECT_FLOAT_EQ(f.values[1], 1.94f - 0.03f - 0.1f * 0.194f * 3);
}

// Whatever their order; the head's other layers have its own scale.
TEST(OptimizerTest, TheLongestNameOfALayerCounts) {
  for (const bool longest_first : {false, true}) {
    OptimizerConfig config;
    config.set_weight_decay(0);
    for (const bool longest : {longest_first, !longest_first}) {
      auto* scaled = config.add_layer_scales();
      scaled->set_layer(longest ? "head/psroi_conv1" : "head");
      scaled->set_scale(longest ? 3 : 5);
    }
    Fixture f(1), other(1);
    f.values = other.values = {0};
    f.gradients = other.gradients = {1};
    other.parameter.name = "head/psroi_conv10/W";
    EXPECT_TRUE(Make(config, &f)->Step(1, 0).ok());
    EXPECT_TRUE(Make(config, &other)->Step(1, 0).ok());
    EXPECT_EQ(f.values[0], -3);
    EXPECT_EQ(other.values[0], -5);
  }
}

TEST(OptimizerTest, AdamWFollowsItsFormulaInDouble) {
  Fixture f(1);
  OptimizerConfig config = AdamW();
  config.set_clip_norm(0);
  double w = f.values[0], m = 0, v = 0;
  const auto optimizer = Make(config, &f);
  for (int step = 1; step <= 5; ++step) {
    const double g = 0.3 * step - 0.8;
    f.gradients[0] = static_cast<float>(g);
    EXPECT_TRUE(optimizer->Step(0.01f, 0).ok());
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    const double mh = m / (1 - std::pow(0.9, step));
    const double vh = v / (1 - std::pow(0.999, step));
    w -= 0.01 * (mh / (std::sqrt(vh) + 1e-8) + 0.1 * w);
    // 1 - 0.999 has four digits less in float: 2e-4 relative.
    EXPECT_NEAR(f.values[0], w, 1e-5);
  }
}

TEST(OptimizerTest, NormCountsFactorsAndClips) {
  Fixture f(4, true);
  f.gradients = {1, 1, 0, 1};
  OptimizerConfig config;
  config.set_clip_norm(0.5);
  config.set_momentum(0);
  config.set_weight_decay(0);
  f.values = {0, 0, 0, 0};
  const auto optimizer = Make(config, &f);
  const double norm = *optimizer->GradientNorm();
  EXPECT_DOUBLE_EQ(norm, std::sqrt(1.0 + 9.0 + 9.0));
  EXPECT_TRUE(optimizer->Step(1.0f, norm).ok());
  EXPECT_FLOAT_EQ(f.values[1], static_cast<float>(-3 * 0.5 / norm));
  f.gradients[2] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(std::isfinite(*optimizer->GradientNorm()));
}

// A power of two goes in and comes out without a rounding.
TEST(OptimizerTest, ScaledGradientsGiveTheSameSteps) {
  constexpr float kScale = 4096;
  Fixture plain(24, true), scaled(24, true);
  for (float& g : scaled.gradients) g *= kScale;
  const auto a = Make(AdamW(), &plain), b = Make(AdamW(), &scaled);
  const double norm = *a->GradientNorm();
  EXPECT_GT(norm, AdamW().clip_norm());
  EXPECT_EQ(*b->GradientNorm(kScale), norm);
  EXPECT_TRUE(a->Step(0.1f, norm).ok());
  EXPECT_TRUE(b->Step(0.1f, norm, kScale).ok());
  EXPECT_EQ(scaled.values, plain.values);
}

TEST(OptimizerTest, AveragesFollowTheWeights) {
  Fixture f(1);
  f.values = {1};
  f.gradients = {1};
  OptimizerConfig config;
  config.set_ema_decay(0.5);
  config.set_momentum(0);
  config.set_weight_decay(0);
  const auto optimizer = Make(config, &f);
  EXPECT_TRUE(optimizer->Step(1.0f, 0).ok());  // 0; decay min(0.5, 2 / 11)
  EXPECT_FLOAT_EQ(optimizer->Averages()->begin()->second.data<float>()[0],
                  2.0f / 11);
}

// Steps of a run, and what it leaves.
std::vector<float> RunSteps(Optimizer* optimizer, Fixture* f, int steps) {
  for (int s = 0; s < steps; ++s) {
    for (size_t i = 0; i < f->gradients.size(); ++i) {
      f->gradients[i] = f->values[i] * 3 - 0.1f * static_cast<float>(i % 3);
    }
    EXPECT_TRUE(optimizer->Step(0.01f, *optimizer->GradientNorm()).ok());
  }
  std::vector<float> all = f->values;
  const auto averages = *optimizer->Averages();
  for (const auto& a : averages) {
    all.insert(all.end(), a.second.span<float>().begin(),
               a.second.span<float>().end());
  }
  return all;
}

TEST(OptimizerTest, ResumesBitForBitAndForAnyThreads) {
  for (const bool factored : {false, true}) {
    SetNumThreads(1);
    Fixture whole(50000, factored);
    const auto one = Make(AdamW(), &whole);
    const std::vector<float> want = RunSteps(one.get(), &whole, 6);

    SetNumThreads(2);
    Fixture half(50000, factored);
    const auto first = Make(AdamW(), &half);
    RunSteps(first.get(), &half, 2);
    std::map<std::string, Tensor> state;
    ASSERT_TRUE(first->Save(&state).ok());
    const auto second = Make(AdamW(), &half);
    ASSERT_TRUE(second->Load(state, first->steps()).ok());
    EXPECT_EQ(RunSteps(second.get(), &half, 4), want);
  }
  SetNumThreads(0);
}

TEST(OptimizerTest, StateOfAnotherKindIsRefused) {
  Fixture f(3);
  OptimizerConfig sgd;
  const auto from = Make(sgd, &f);
  std::map<std::string, Tensor> state;
  ASSERT_TRUE(from->Save(&state).ok());
  const auto to = Make(AdamW(), &f);
  EXPECT_NE(to->Load(state, 1).ToString().find("adamw/m/head/psroi_conv1/W"),
            std::string::npos);
  state["sgd/momentum/head/psroi_conv1/W"] = Tensor(Shape{4});
  EXPECT_FALSE(from->Load(state, 1).ok());
}

LossScale Make(float initial, int64_t interval) {
  OptimizerConfig::LossScale config;
  config.set_initial(initial);
  config.set_growth_interval(interval);
  return LossScale(config);
}

TEST(LossScaleTest, WithoutAConfigAlwaysOne) {
  LossScale scale;
  EXPECT_FALSE(scale.dynamic());
  for (const bool finite : {true, false, true}) {
    EXPECT_TRUE(scale.Update(finite).ok());
    EXPECT_EQ(scale.value(), 1);
  }
}

TEST(LossScaleTest, HalvesAndDoubles) {
  LossScale scale = Make(8, 3);
  EXPECT_TRUE(scale.dynamic());
  const auto after = [&scale](bool finite) {
    EXPECT_TRUE(scale.Update(finite).ok());
    return scale.value();
  };
  EXPECT_EQ(after(false), 4);
  EXPECT_EQ(after(true), 4);
  EXPECT_EQ(after(true), 4);
  EXPECT_EQ(after(false), 2);  // and the count of good steps begins again
  EXPECT_EQ(after(true), 2);
  EXPECT_EQ(after(true), 2);
  EXPECT_EQ(after(true), 4);
  EXPECT_EQ(after(true), 4);
}

TEST(LossScaleTest, StaysBelowItsLimit) {
  LossScale scale = Make(1, 1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(scale.Update(true).ok());
  EXPECT_EQ(scale.value(), 1 << 24);
}

TEST(LossScaleTest, GivesUpWhenNothingHelps) {
  LossScale scale = Make(4, 10);
  int left_out = 0;
  absl::Status status;
  while ((status = scale.Update(false)).ok()) ASSERT_LT(++left_out, 100);
  EXPECT_EQ(left_out, 26);  // from 2^2 down to 2^-24
  EXPECT_THAT(std::string(status.message()), HasSubstr("not finite"));
}

TEST(LossScaleTest, GoesOnWhereItWas) {
  LossScale scale = Make(8, 3);
  for (const bool finite : {false, true, true}) {
    EXPECT_TRUE(scale.Update(finite).ok());
  }
  LossScale loaded = Make(1024, 3);
  ASSERT_TRUE(loaded.Load(scale.Save()).ok());
  EXPECT_EQ(loaded.value(), 4);
  EXPECT_TRUE(loaded.Update(true).ok());
  EXPECT_EQ(loaded.value(), 8);
  for (const char* bad : {"", "4", "4 x", "3 0", "0 0", "-4 1", "4 -1", "4 1 1",
                          "nan 0", "inf 0"}) {
    EXPECT_THAT(std::string(loaded.Load(bad).message()),
                HasSubstr("a power of two"))
        << bad;
  }
  EXPECT_EQ(loaded.value(), 8);
  for (int exponent = -24; exponent <= 24; ++exponent) {
    const float value = std::ldexp(1.0f, exponent);
    ASSERT_TRUE(loaded.Load(Make(value, 3).Save()).ok()) << exponent;
    EXPECT_EQ(loaded.value(), value);
  }
}

}  // namespace
}  // namespace fcis::train
