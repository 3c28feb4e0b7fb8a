#include "fcis/train/main/memory_need.h"

#include <utility>
#include <vector>

#include "fcis/core/config/presets.h"
#include "fcis/data/loader/test_sets.h"
#include "fcis/model/topology.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

data::MemorySet SetOf(const std::vector<std::pair<int, int>>& sizes) {
  std::vector<data::LabelledImage> pictures;
  for (const auto& [height, width] : sizes) {
    pictures.push_back({Image(height, width), {}});
  }
  return data::MemorySet(std::move(pictures));
}

InputConfig Input() {
  InputConfig input;
  input.set_min_size(100);
  input.set_max_size(200);
  return input;
}

TrainConfig Recipe() {
  TrainConfig recipe;
  recipe.set_batch(4);
  recipe.set_frozen_stages(0);
  return recipe;
}

TEST(LargestTogetherTest, ABatchOfPicturesOfOneSize) {
  const auto all =
      LargestTogether(SetOf({{50, 80}, {100, 160}}), Input(), Recipe());
  EXPECT_EQ(all.count, 4);
  EXPECT_EQ(all.height, 100);
  EXPECT_EQ(all.width, 160);
}

TEST(LargestTogetherTest, OneOfManySizes) {
  const auto one =
      LargestTogether(SetOf({{50, 50}, {50, 90}, {50, 60}}), Input(), Recipe());
  EXPECT_EQ(one.count, 1);
  EXPECT_EQ(one.width, 180);
  TrainConfig recipe = Recipe();
  recipe.mutable_augmentation()->set_scale_jitter_low(.5);
  EXPECT_EQ(LargestTogether(SetOf({{50, 80}}), Input(), recipe).count, 1);
}

class NeedOfTest : public ::testing::Test {
 protected:
  MemoryNeed Need(const TrainConfig& recipe, int64_t count = 1,
                  DType maps = DType::kF32) const {
    return NeedOf(recipe, model_, {count, 128, 160}, maps, 8);
  }

  const ModelConfig model_ = *Preset("parity_small");
};

TEST_F(NeedOfTest, MapsGoWithPicturesAndTheirType) {
  const MemoryNeed one = Need(Recipe()), four = Need(Recipe(), 4);
  EXPECT_EQ(four.maps, 4 * one.maps);
  EXPECT_EQ(four.weights, one.weights);
  // Gradients of outputs stay floats.
  const MemoryNeed half = Need(Recipe(), 1, DType::kBF16);
  EXPECT_LT(half.maps, one.maps * 4 / 5);
  EXPECT_GT(half.maps, one.maps / 2);
  // Frozen stages have no gradients.
  TrainConfig frozen = Recipe();
  frozen.set_frozen_stages(2);
  EXPECT_LT(Need(frozen).maps, one.maps);
  TrainConfig normed = Recipe();
  normed.set_normalization(TrainConfig::BATCH);
  EXPECT_GT(Need(normed).maps, one.maps * 5 / 4);
}

TEST_F(NeedOfTest, WeightsGoWithTheOptimiser) {
  int64_t kernels = 0;
  for (const auto& layer : model::TopologyOf(model_).layers) {
    kernels += 4 * layer.out * layer.in * layer.kernel * layer.kernel;
  }
  // As they began, values, gradients, three in orders of passes; and a moment,
  // by default.
  EXPECT_EQ(Need(Recipe()).weights, 7 * kernels);
  EXPECT_EQ(Need(Recipe()).saving, 2 * kernels);
  TrainConfig more = Recipe();
  more.mutable_optimizer()->set_kind(OptimizerConfig::ADAMW);
  more.mutable_optimizer()->set_ema_decay(.99);
  EXPECT_EQ(Need(more).weights, 9 * kernels);
  EXPECT_EQ(Need(more).saving, 4 * kernels);
}

TEST_F(NeedOfTest, APictureThatIsTooSmallHasNoMaps) {
  const MemoryNeed none = NeedOf(Recipe(), model_, {1, 0, 0}, DType::kF32, 8);
  EXPECT_EQ(none.maps, 0);
  EXPECT_GT(none.total(), none.weights);
}

}  // namespace
}  // namespace fcis::train
