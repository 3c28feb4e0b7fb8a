#include "fcis/core/config/presets.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/testing/absurd_numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::HasSubstr;

TEST(Preset, EveryNameLoads) {
  for (const std::string& name : PresetNames()) {
    absl::StatusOr<ModelConfig> config = Preset(name);
    ASSERT_TRUE(config.ok()) << config.status();
    EXPECT_EQ(config->name(), name);
    EXPECT_GT(config->classes_size(), 0);
    EXPECT_TRUE(CheckConfig(*config).ok());
  }
}

TEST(Preset, CocoIsTheReferencesModel) {
  const ModelConfig c = *Preset("resnet101_coco");
  EXPECT_EQ(c.classes_size(), 80);
  EXPECT_EQ(c.classes(0).name(), "person");
  EXPECT_EQ(c.classes(79).name(), "toothbrush");
  EXPECT_EQ(c.classes(79).category_id(), 90);
  EXPECT_EQ(c.backbone().blocks(2), 23);
  EXPECT_EQ(c.rpn().scales_size(), 4);
  EXPECT_EQ(c.head().psroi_rounding(), HeadConfig::ROUND_THEN_SCALE);
  EXPECT_FLOAT_EQ(c.postprocess().score_thresh(), 0.7f);
  EXPECT_EQ(Preset("resnet50_coco")->backbone().blocks(2), 6);
}

TEST(Preset, VocDiffersInScalesAndSizes) {
  const ModelConfig c = *Preset("resnet101_voc");
  EXPECT_EQ(c.classes_size(), 20);
  EXPECT_EQ(c.rpn().scales_size(), 3);
  EXPECT_EQ(c.rpn().min_size(), 16);
  EXPECT_EQ(c.postprocess().min_drop_size(), 16);
}

TEST(Preset, ChainercvsRules) {
  const ModelConfig c = *Preset("resnet101_coco_chainercv");
  EXPECT_EQ(c.head().psroi_rounding(), HeadConfig::NONE);
  EXPECT_FLOAT_EQ(c.backbone().bn_eps_stem(), 2e-5f);
  EXPECT_FLOAT_EQ(c.backbone().bn_eps_projection(), 1e-5f);
  EXPECT_EQ(c.rpn().min_size_ratio(), RpnConfig::WIDTH);
  EXPECT_EQ(c.postprocess().voting_rule(), PostprocessConfig::CHAINERCV);
  // Twice is once.
  ModelConfig again = c;
  ASSERT_TRUE(SetChainercvRules(&again).ok());
  EXPECT_EQ(again.SerializeAsString(), c.SerializeAsString());
}

TEST(Preset, UnknownNameListsTheKnownOnes) {
  EXPECT_THAT(Preset("resnet102").status().message(),
              HasSubstr("resnet101_coco"));
}

TEST(ParseConfig, GivesWhatEveryPresetHas) {
  const auto config = ParseConfig(
      "classes { name: 'cat' } backbone { blocks: [1, 1, 1, 1] }"
      "rpn { scales: 8 ratios: 3 }",
      "my.textproto");
  ASSERT_TRUE(config.ok()) << config.status();
  const ModelConfig preset = *Preset("small_scenes");
  EXPECT_EQ(config->rpn().ratios_size(), 1);
  EXPECT_THAT(config->input().mean(),
              ::testing::ElementsAreArray(preset.input().mean()));
  EXPECT_THAT(config->head().loc_std(),
              ::testing::ElementsAreArray(preset.head().loc_std()));
}

TEST(ParseConfig, NamesLineAndField) {
  EXPECT_THAT(ParseConfig("input {\n  min_sise: 3 }", "my.textproto")
                  .status()
                  .message(),
              HasSubstr("my.textproto:2:"));
}

TEST(ParseConfig, ClassesMayBeLeftOut) {
  const auto config = ParseConfig(
      "backbone { blocks: [1, 1, 1, 1] } rpn { scales: 8 }", "my.textproto");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->classes_size(), 0);
}

TEST(ParseConfig, NamesWhatWasFound) {
  EXPECT_EQ(ParseConfig("backbone { blocks: [1, 1, 1] } rpn { scales: 8 }",
                        "my.textproto")
                .status()
                .message(),
            "my.textproto: model config: backbone.blocks has 3 values, "
            "expected 4");
}

TEST(CheckConfig, EveryNumberHasARange) {
  ModelConfig c = *Preset("small_scenes");
  int fields = 0;
  ForEachAbsurdNumber(&c, [&](const std::string& field) {
    // A data set may call its categories by any.
    if (field == "classes[0].category_id") return;
    ++fields;
    EXPECT_THAT(CheckConfig(c).message(),
                HasSubstr(absl::StrCat("model config: ", field, " is ")));
  });
  EXPECT_GT(fields, 80);
  EXPECT_EQ(CheckConfig(c), absl::OkStatus());
}

TEST(CheckConfig, SaysWhatListsAndNeighboursMustBe) {
  const auto error = [](void (*change)(ModelConfig*)) {
    ModelConfig c = *Preset("parity_mini");
    change(&c);
    return std::string(CheckConfig(c).message());
  };
  EXPECT_THAT(
      error([](ModelConfig* c) { c->mutable_backbone()->add_blocks(3); }),
      HasSubstr("backbone.blocks has 5 values, expected 4"));
  EXPECT_THAT(error([](ModelConfig* c) { c->mutable_input()->add_mean(3); }),
              HasSubstr("input.mean has 4 values, expected 3"));
  EXPECT_THAT(error([](ModelConfig* c) { c->mutable_head()->clear_loc_std(); }),
              HasSubstr("head.loc_std has 0 values, expected 4"));
  EXPECT_THAT(error([](ModelConfig* c) { c->mutable_rpn()->clear_scales(); }),
              HasSubstr("rpn.scales has 0 values, expected 1 to 100"));
  EXPECT_THAT(error([](ModelConfig* c) { c->mutable_rpn()->clear_ratios(); }),
              HasSubstr("rpn.ratios has 0 values, expected 1 to 100"));
  EXPECT_THAT(error([](ModelConfig* c) { c->mutable_head()->set_roi_size(2); }),
              HasSubstr("head.roi_size is 2, expected at least group_size, 3"));
  EXPECT_THAT(
      error([](ModelConfig* c) { c->mutable_input()->set_max_size(7); }),
      HasSubstr("input.max_size is 7, expected at least min_size, 120"));
  EXPECT_THAT(error([](ModelConfig* c) { c->add_classes(); }),
              HasSubstr("classes[2] has no name"));
}

TEST(CheckConfig, ListsAreLimited) {
  ModelConfig c = *Preset("parity_mini");
  while (c.classes_size() < kMaxClasses) {
    c.add_classes()->set_name(absl::StrCat("class ", c.classes_size()));
  }
  while (c.rpn().scales_size() < kMaxAnchorShapes) {
    c.mutable_rpn()->add_scales(1 + c.rpn().scales_size());
  }
  EXPECT_EQ(CheckConfig(c), absl::OkStatus());
  ModelConfig classes = c, scales = c;
  classes.add_classes()->set_name("one more");
  EXPECT_THAT(CheckConfig(classes).message(),
              HasSubstr("classes has 100000 values, expected 0 to 99999"));
  scales.mutable_rpn()->add_scales(1);
  EXPECT_THAT(CheckConfig(scales).message(),
              HasSubstr("rpn.scales has 101 values, expected 1 to 100"));
}

}  // namespace
}  // namespace fcis
