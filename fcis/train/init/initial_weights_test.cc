#include "fcis/train/init/initial_weights.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/weights.h"
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

constexpr char kKernel[] = "head/psroi_conv2/W";
constexpr char kBias[] = "head/psroi_conv2/b";

ModelConfig Of(const std::vector<std::string>& classes) {
  ModelConfig config = *Preset("parity_mini");
  config.clear_classes();
  for (const std::string& name : classes) config.add_classes()->set_name(name);
  return config;
}

// Rows of class c (0: background).
std::vector<float> Rows(const Tensor& tensor, int classes, int c) {
  const auto all = tensor.span<float>();
  const size_t block = all.size() / static_cast<size_t>(classes + 1);
  const auto rows = all.subspan(block * static_cast<size_t>(c), block);
  return {rows.begin(), rows.end()};
}

TEST(FitClassRowsTest, ByNameOrFromTheMean) {
  const ModelConfig from = Of({"person", "car", "cat"});
  const ModelConfig to = Of({"wheel", "Car "});
  const model::Weights old = model::DeterministicWeights(from, 1);
  auto tensors = old.tensors;
  const ClassRows rows = FitClassRows(from, to, &tensors);
  EXPECT_EQ(rows.kept, (std::vector<std::string>{"Car "}));
  EXPECT_EQ(rows.derived, (std::vector<std::string>{"wheel"}));

  model::Weights fitted;
  fitted.config = to;
  fitted.tensors = tensors;
  EXPECT_TRUE(model::CheckWeights(fitted).ok()) << model::CheckWeights(fitted);
  for (const char* name : {kKernel, kBias}) {
    const Tensor& before = old.tensors.at(name);
    const Tensor& after = tensors.at(name);
    EXPECT_EQ(Rows(after, 2, 0), Rows(before, 3, 0));
    EXPECT_EQ(Rows(after, 2, 2), Rows(before, 3, 2));
    const std::vector<float> wheel = Rows(after, 2, 1);
    for (size_t i = 0; i < wheel.size(); ++i) {
      float mean = 0;
      for (int c = 1; c <= 3; ++c) mean += Rows(before, 3, c)[i] / 3;
      ASSERT_FLOAT_EQ(wheel[i], mean) << name << i;
    }
  }
  for (const auto& [name, tensor] : old.tensors) {
    if (name == kKernel || name == kBias) continue;
    EXPECT_TRUE(AllEqual(tensors.at(name), tensor)) << name;
  }
}

TEST(FitClassRowsTest, SameClassesInAnotherOrder) {
  const ModelConfig from = Of({"person", "car"});
  const ModelConfig to = Of({"car", "person"});
  auto tensors = model::DeterministicWeights(from, 1).tensors;
  const Tensor before = tensors.at(kBias);
  FitClassRows(from, to, &tensors);
  EXPECT_EQ(Rows(tensors.at(kBias), 2, 1), Rows(before, 2, 2));
  EXPECT_EQ(Rows(tensors.at(kBias), 2, 2), Rows(before, 2, 1));
}

TEST(FitClassRowsTest, LeavesAlone) {
  const ModelConfig from = Of({"person", "car"});
  const auto old = model::DeterministicWeights(from, 1).tensors;
  auto tensors = old;
  EXPECT_TRUE(FitClassRows(from, from, &tensors).kept.empty());
  EXPECT_TRUE(AllEqual(tensors.at(kKernel), old.at(kKernel)));

  // Not of the shape that the classes ask for.
  const ModelConfig claims = Of({"person", "car", "cat"});
  const ClassRows rows = FitClassRows(claims, Of({"dog"}), &tensors);
  EXPECT_TRUE(rows.derived.empty());
  EXPECT_TRUE(AllEqual(tensors.at(kKernel), old.at(kKernel)));

  tensors.erase(kBias);
  EXPECT_TRUE(FitClassRows(from, Of({"dog"}), &tensors).derived.empty());
}

}  // namespace
}  // namespace fcis::train
