#include "fcis/model/embedded/embedded_model.h"

#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

TEST(EmbeddedModelTest, KnowsThePresetsClasses) {
  const auto weights = EmbeddedModel();
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_TRUE(CheckWeights(*weights).ok());
  EXPECT_EQ(weights->source, "the embedded model");
  const ModelConfig preset = *Preset("photos");
  ASSERT_EQ(weights->config.classes_size(), preset.classes_size());
  for (int k = 0; k < preset.classes_size(); ++k) {
    EXPECT_EQ(weights->config.classes(k).DebugString(),
              preset.classes(k).DebugString());
  }
}

// Every program that runs a model carries it.
TEST(EmbeddedModelTest, IsSmall) {
  const auto file = ReadFile("fcis/model/embedded/photos.safetensors");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_LT(file->size(), 22'000'000u);
}

}  // namespace
}  // namespace fcis::model
