#include "fcis/core/config/purpose.h"

#include <cmath>

#include "fcis/core/config/presets.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

// As before there were purposes: the file's own numbers, but for the score.
TEST(PostprocessFor, ModelsWithoutPurposes) {
  ModelConfig config = *Preset("small_scenes");
  config.mutable_postprocess()->set_score_thresh(0.6);
  EXPECT_EQ(PostprocessFor(config, Purpose::kShow).SerializeAsString(),
            config.postprocess().SerializeAsString());
  PostprocessConfig scored = config.postprocess();
  scored.set_score_thresh(1e-3);
  EXPECT_EQ(PostprocessFor(config, Purpose::kScore).SerializeAsString(),
            scored.SerializeAsString());
}

// chainercv's presets visualize, coco_evaluate and evaluate.
TEST(PostprocessFor, ChainercvsPresets) {
  ModelConfig config = *Preset("resnet101_coco_chainercv");
  const PostprocessConfig shown = PostprocessFor(config, Purpose::kShow);
  EXPECT_EQ(shown.score_thresh(), 0.7);
  EXPECT_EQ(shown.min_drop_size(), 16);
  const PostprocessConfig scored = PostprocessFor(config, Purpose::kScore);
  EXPECT_EQ(scored.score_thresh(), 1e-3);
  EXPECT_EQ(scored.min_drop_size(), 2);
  EXPECT_EQ(scored.voting_rule(), PostprocessConfig::CHAINERCV);
  EXPECT_EQ(scored.nms_thresh(), 0.3);

  config = *Preset("resnet101_voc");
  ASSERT_TRUE(SetChainercvRules(&config).ok());
  EXPECT_EQ(PostprocessFor(config, Purpose::kScore).min_drop_size(), 16);
}

TEST(PostprocessFor, ScoringMayGiveAnyNumber) {
  ModelConfig config;
  config.mutable_scoring()->set_score_thresh(0.05);
  config.mutable_scoring()->set_iter2(false);
  EXPECT_EQ(PostprocessFor(config, Purpose::kScore).score_thresh(), 0.05);
  EXPECT_FALSE(PostprocessFor(config, Purpose::kScore).iter2());
  EXPECT_TRUE(PostprocessFor(config, Purpose::kShow).iter2());
}

TEST(LoweredScore, IsInLogits) {
  EXPECT_EQ(LoweredScore(1e-30, 0), 1e-30);
  EXPECT_DOUBLE_EQ(LoweredScore(.8, std::log(4.)), .5);
  EXPECT_NEAR(LoweredScore(LoweredScore(.7, 3), -3), .7, 1e-12);
  EXPECT_GT(LoweredScore(0, 5), 0);
  EXPECT_LT(LoweredScore(1, -5), 1);
}

// What is scored is what was scored before.
TEST(LowerScores, AddsUp) {
  ModelConfig config;
  LowerScores(2, &config);
  LowerScores(-.5, &config);
  const PostprocessConfig scored = PostprocessFor(config, Purpose::kScore);
  EXPECT_EQ(scored.lower_scores(), 1.5);
  EXPECT_NEAR(LoweredScore(scored.score_thresh(), -1.5), 1e-3, 1e-12);
  EXPECT_EQ(PostprocessFor(config, Purpose::kShow).score_thresh(), .7);
}

}  // namespace
}  // namespace fcis
