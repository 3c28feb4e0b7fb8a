#include "fcis/train/init/class_rows.h"

#include <cstdint>
#include <string>
#include <vector>

#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/weights.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

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
