#include "fcis/train/config/recipes.h"

#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/absurd_numbers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

using ::testing::HasSubstr;

TEST(RecipesTest, EveryRecipeNamesAModel) {
  for (const std::string& name : RecipeNames()) {
    const auto recipe = Recipe(name);
    ASSERT_TRUE(recipe.ok()) << recipe.status();
    EXPECT_EQ(recipe->name(), name);
    const auto model = ModelOf(*recipe);
    ASSERT_TRUE(model.ok()) << model.status();
    EXPECT_EQ(model->name(), recipe->model());
  }
}

TEST(RecipesTest, TheReferencesNumbers) {
  const TrainConfig c = *Recipe("chainer_fcis");
  EXPECT_EQ(c.schedule().phases(0).end_iteration(), 4000);
  EXPECT_EQ(c.schedule().phases(0).lr(), 5e-5);
  EXPECT_EQ(c.schedule().phases(1).end_epoch(), 12);
  EXPECT_EQ(c.schedule().phases(1).lr(), 5e-4);
  EXPECT_EQ(c.schedule().phases(2).end_epoch(), 18);
  EXPECT_EQ(c.loss().roi_samples(), 128);
  EXPECT_EQ(c.frozen_stages(), 2);
  EXPECT_EQ(c.optimizer().weight_decay(), 5e-4);
}

// docs/reference.md, What chainercv and msracver do otherwise 3; the factor is
// the grad_scale of msracver's mask loss.
TEST(RecipesTest, TheOthersMaskTerm) {
  for (const char* name : {"chainercv", "msracver_ohem"}) {
    const LossConfig loss = Recipe(name)->loss();
    EXPECT_EQ(loss.fcis_mask(), 10);
    EXPECT_TRUE(loss.mask_over_all_rois());
    EXPECT_EQ(loss.fcis_cls(), 1);
    EXPECT_EQ(loss.fcis_loc(), 1);
  }
}

// examples/fcis/train_coco_multi.py and what it calls.
TEST(RecipesTest, Chainercvs) {
  const TrainConfig c = *Recipe("chainercv");
  EXPECT_TRUE(c.loss().rois_first());
  EXPECT_TRUE(c.loss().whole_masks());
  EXPECT_EQ(c.loss().background_iou_low(), 0);
  EXPECT_TRUE(c.ground_truth().boxes_of_masks());
  EXPECT_TRUE(c.ground_truth().smooth_masks());
  const ModelConfig model = *ModelOf(c);
  EXPECT_EQ(model.head().psroi_rounding(), HeadConfig::NONE);
  EXPECT_EQ(model.postprocess().voting_rule(), PostprocessConfig::CHAINERCV);
}

TEST(RecipesTest, ModelsMayBeFiles) {
  const std::string path = ::testing::TempDir() + "model.textproto";
  ModelConfig model = *Preset("small_scenes");
  model.mutable_rpn()->set_mid_channels(48);
  ASSERT_TRUE(WriteFileAtomic(path, model.DebugString()).ok());
  TrainConfig recipe;
  recipe.set_model(path);
  const auto read = ModelOf(recipe);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->rpn().mid_channels(), 48);
  model.mutable_rpn()->set_mid_channels(-1);
  ASSERT_TRUE(WriteFileAtomic(path, model.DebugString()).ok());
  EXPECT_THAT(ModelOf(recipe).status().ToString(), HasSubstr("mid_channels"));
  recipe.set_model("small_scene");
  EXPECT_THAT(ModelOf(recipe).status().ToString(),
              HasSubstr("did you mean small_scenes?"));
}

// Without classes, without a name.
TEST(RecipesTest, ModelsStandBesideTheirRecipe) {
  const std::string folder = ::testing::TempDir() + "mine";
  std::filesystem::create_directories(folder + "/models");
  const std::string path = folder + "/recipe.textproto";
  const auto model_of = [&](const std::string& fields) {
    EXPECT_TRUE(WriteFileAtomic(path, absl::StrCat(fields,
                                                   " schedule { phases { "
                                                   "end_epoch: 2 lr: 1e-3 } }"))
                    .ok());
    return ModelOf(*Recipe(path));
  };
  EXPECT_THAT(model_of("model: 'models/tiny.textproto'").status().ToString(),
              HasSubstr(folder + "/models/tiny.textproto: "));
  ASSERT_TRUE(WriteFileAtomic(folder + "/models/tiny.textproto",
                              "backbone { blocks: [1, 1, 1, 1] width: 8 }"
                              "rpn { scales: 8 }")
                  .ok());
  const auto model = model_of("model: 'models/tiny.textproto'");
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->name(), "tiny");
  EXPECT_EQ(model->classes_size(), 0);
  // Presets win over files.
  ASSERT_TRUE(WriteFileAtomic(folder + "/photos", "no model").ok());
  EXPECT_EQ(model_of("model: 'photos'")->name(), "photos");
  EXPECT_THAT(model_of("model: 'photo'").status().ToString(),
              HasSubstr("did you mean photos or small_photos?"));
}

TEST(RecipesTest, FilesAreResolvedAgainstAFolder) {
  const auto resolved = [](const char* model, const char* init) {
    TrainConfig config;
    config.set_model(model);
    config.set_init(init);
    ResolveFiles("/a/b", &config);
    ResolveFiles("/c", &config);  // has no effect any more
    return absl::StrCat(config.model(), " ", config.init());
  };
  EXPECT_EQ(resolved("m", "w.npz"), "/a/b/m /a/b/w.npz");
  EXPECT_EQ(resolved("../m", "w/x"), "/a/m /a/b/w/x");
  EXPECT_EQ(resolved("/m", "/w"), "/m /w");
  EXPECT_EQ(resolved("photos", "scratch"), "photos scratch");
  EXPECT_EQ(resolved("photos", "resnet101_imagenet"),
            "photos resnet101_imagenet");
}

TEST(RecipesTest, FilesAreReadAndChecked) {
  const std::string path = ::testing::TempDir() + "recipe.textproto";
  ASSERT_TRUE(WriteFileAtomic(path,
                              "model: 'resnet50_coco'\n"
                              "schedule { phases { end_epoch: 2 lr: 1e-3 } }")
                  .ok());
  EXPECT_EQ(Recipe(path)->model(), "resnet50_coco");
  ASSERT_TRUE(WriteFileAtomic(path, "modell: 'resnet50_coco'").ok());
  EXPECT_THAT(Recipe(path).status().ToString(),
              HasSubstr("recipe.textproto:1:7: "));
  ASSERT_TRUE(WriteFileAtomic(path, "model: 'a' frozen_stages: 9").ok());
  EXPECT_THAT(Recipe(path).status().ToString(), HasSubstr("frozen_stages"));
}

TEST(RecipesTest, UnknownNamesAreAnsweredWithNames) {
  const std::string message = Recipe("chainer_fsis").status().ToString();
  EXPECT_THAT(message, HasSubstr("msracver_ohem"));
  EXPECT_THAT(message, HasSubstr("did you mean chainer_fcis"));
}

TEST(RecipesTest, EveryNumberHasARange) {
  TrainConfig c = *Recipe("small_scenes");
  int fields = 0;
  ForEachAbsurdNumber(&c, [&](const std::string& field) {
    if (field == "scenes.seed") return;  // any is one
    ++fields;
    EXPECT_THAT(CheckTrainConfig(c).message(),
                HasSubstr(absl::StrCat("training config: ", field, " is ")));
  });
  EXPECT_GT(fields, 90);
}

TEST(RecipesTest, WhatIsOffIsNamed) {
  const auto error = [](void (*change)(TrainConfig*)) {
    TrainConfig c = *Recipe("small_scenes");
    change(&c);
    return CheckTrainConfig(c).ToString();
  };
  EXPECT_THAT(error([](TrainConfig* c) { c->set_batch(0); }),
              HasSubstr("batch is 0, expected 1 to 4096"));
  EXPECT_THAT(
      error([](TrainConfig* c) { c->mutable_optimizer()->set_momentum(1); }),
      HasSubstr("optimizer.momentum is 1, expected 0 to 0.99999"));
  EXPECT_THAT(error([](TrainConfig* c) {
                c->mutable_optimizer()->mutable_loss_scale()->set_initial(3);
              }),
              HasSubstr("loss_scale.initial is 3, expected a power of two"));
  EXPECT_THAT(
      error([](TrainConfig* c) { c->mutable_schedule()->clear_phases(); }),
      HasSubstr("schedule.phases has no values"));
  EXPECT_THAT(
      error([](TrainConfig* c) { c->mutable_schedule()->add_phases(); }),
      HasSubstr("schedule.phases[1] has 0 ends, expected one of"));
  EXPECT_THAT(error([](TrainConfig* c) {
                c->mutable_schedule()->add_phases()->set_end_epoch(1);
              }),
              HasSubstr("schedule.phases has 2 values, expected 1 with"));
  EXPECT_THAT(error([](TrainConfig* c) { c->mutable_scenes()->clear_count(); }),
              HasSubstr("scenes.count is not given"));
  EXPECT_THAT(error([](TrainConfig* c) { c->clear_model(); }),
              HasSubstr("model is not given"));
  EXPECT_THAT(
      error([](TrainConfig* c) { c->mutable_optimizer()->add_layer_scales(); }),
      HasSubstr("optimizer.layer_scales[0] names no layer"));
  EXPECT_THAT(error([](TrainConfig* c) {
                c->mutable_augmentation()->set_scale_jitter_low(2);
              }),
              HasSubstr("scale_jitter_low is 2, expected at most "
                        "scale_jitter_high, 1"));
  EXPECT_THAT(
      error([](TrainConfig* c) { c->mutable_data()->set_hold_out(0.6); }),
      HasSubstr("data.hold_out"));
  EXPECT_THAT(
      error([](TrainConfig* c) { c->mutable_schedule()->set_patience(-1); }),
      HasSubstr("schedule.patience"));
}

}  // namespace
}  // namespace fcis::train
