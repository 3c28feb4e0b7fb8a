#include "fcis/train/init/initial_weights.h"

#include <cmath>

#include "fcis/core/config/presets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

double Deviation(const Tensor& t) {
  double sum = 0;
  for (const double v : t.span<float>()) sum += v * v;
  return std::sqrt(sum / static_cast<double>(t.num_elements()));
}

TEST(ScratchWeightsTest, DeviationsAndConstants) {
  const model::Weights w = ScratchWeights(*Preset("small_scenes"), 1);
  EXPECT_TRUE(model::CheckWeights(w).ok());
  // Thousands of draws: within 5 %.
  const auto expect = [&](const char* name, double want) {
    EXPECT_NEAR(Deviation(w.tensors.at(name)), want, 0.05 * want) << name;
  };
  // Inputs of an output: res4's inner channels are 4 widths, res5's outer 32.
  const double width = w.config.backbone().width();
  expect("extractor/res1/conv1/W", std::sqrt(2 / 147.0));
  expect("extractor/res4/res4_a/conv2/W", std::sqrt(2 / (4 * width * 9)));
  expect("head/psroi_conv1/W", std::sqrt(2 / (32 * width)));
  expect("head/psroi_conv2/W", 0.01);
  const model::Weights reference =
      ScratchWeights(*Preset("small_scenes"), 1, HeadInit::kReference);
  EXPECT_NEAR(Deviation(reference.tensors.at("head/psroi_conv1/W")), 0.01,
              5e-4);
  // Nine blocks.
  EXPECT_FLOAT_EQ(
      w.tensors.at("extractor/res4/res4_a/bn3/gamma").data<float>()[0],
      1.0f / 3);
  EXPECT_EQ(w.tensors.at("extractor/res1/bn1/gamma").data<float>()[3], 1);
  EXPECT_EQ(w.tensors.at("extractor/res1/bn1/avg_var").data<float>()[3], 1);
  EXPECT_EQ(w.tensors.at("rpn/score/b").data<float>()[0], 0);
}

TEST(ScratchWeightsTest, DependOnTheSeedAlone) {
  const ModelConfig config = *Preset("parity_mini");
  const auto first = [&](uint64_t seed) {
    return ScratchWeights(config, seed)
        .tensors.at("rpn/conv1/W")
        .data<float>()[5];
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
}

TEST(TakeOverTest, NamesWhatDoesNotFit) {
  model::Weights w = ScratchWeights(*Preset("parity_mini"), 1);
  const model::Weights other = ScratchWeights(*Preset("parity_mini"), 2);
  std::map<std::string, Tensor> from = other.tensors;
  from.erase("rpn/score/b");
  from["fc6/W"] = Tensor(Shape{3});
  from["head/psroi_conv2/b"] = Tensor(Shape{7});
  const TakenOver result = TakeOver(from, &w);
  EXPECT_EQ(result.taken, static_cast<int>(w.tensors.size()) - 2);
  EXPECT_THAT(result.unknown, ElementsAre("fc6/W"));
  EXPECT_THAT(result.missing, ElementsAre("rpn/score/b"));
  EXPECT_THAT(result.dropped,
              ElementsAre(HasSubstr("head/psroi_conv2/b f32 7, expected")));
  EXPECT_EQ(w.tensors.at("rpn/conv1/W").data<float>()[0],
            other.tensors.at("rpn/conv1/W").data<float>()[0]);
}

}  // namespace
}  // namespace fcis::train
