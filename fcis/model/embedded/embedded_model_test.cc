#include "fcis/model/embedded/embedded_model.h"

#include "fcis/core/config/presets.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(EmbeddedModelTest, KnowsThePaintedShapes) {
  const auto weights = EmbeddedModel();
  ASSERT_TRUE(weights.ok()) << weights.status();
  EXPECT_TRUE(CheckWeights(*weights).ok());
  // The preset's, which are those of fcis/data/synth.
  const ModelConfig preset = *Preset("small_scenes");
  ASSERT_EQ(weights->config.classes_size(), preset.classes_size());
  for (int k = 0; k < preset.classes_size(); ++k) {
    EXPECT_EQ(weights->config.classes(k).name(), preset.classes(k).name());
  }
}

}  // namespace
}  // namespace fcis
