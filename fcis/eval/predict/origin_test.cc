#include "fcis/eval/predict/origin.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::HasSubstr;

Origin Sample() {
  return {"0a",       "m \"1\".safetensors",       "1 2 3 4", "name: \"x\"\n",
          "cpu, f32", "1 cat = 5\n2 dog = \"d\"\n"};
}

TEST(OriginTest, ReadsBackWhatItWrites) {
  Origin origin;
  const std::string line = OriginJson(Sample());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  ASSERT_TRUE(ReadOrigin(line, origin));
  EXPECT_EQ(OriginJson(origin), line);
  EXPECT_EQ(origin.weights_source, Sample().weights_source);
  EXPECT_EQ(origin.classes, Sample().classes);
  EXPECT_EQ(Difference(origin, Sample()), "");
}

TEST(OriginTest, OtherLinesAreNone) {
  Origin origin;
  EXPECT_FALSE(ReadOrigin("{\"key\": \"of an earlier version\"}", origin));
  EXPECT_FALSE(ReadOrigin("{\"version\": \"1\"}", origin));
  EXPECT_FALSE(ReadOrigin("{\"version\": 2}", origin));
  EXPECT_FALSE(ReadOrigin("", origin));
}

TEST(OriginTest, SaysWhatDiffers) {
  Origin now = Sample();
  now.weights = "0b";
  EXPECT_EQ(Difference(Sample(), now),
            "other weights (m \"1\".safetensors was replaced)");
  now.weights_source = "n.npz";
  EXPECT_EQ(Difference(Sample(), now),
            "other weights (m \"1\".safetensors, now n.npz)");
  now.weights = Sample().weights;
  now.weights_stamp = "5";
  EXPECT_EQ(Difference(Sample(), now), "");
  now.computed_by = "cpu, bf16";
  now.classes = "1 cat = 6\n2 dog = \"d\"\n";
  EXPECT_EQ(Difference(Sample(), now),
            "another device or precision (cpu, f32, now cpu, bf16) and other "
            "categories (1 cat = 5; now 1 cat = 6)");
}

TEST(OriginTest, SettingsAreNamedOneByOne) {
  ModelConfig config;
  config.set_name("a");
  config.add_classes()->set_name("cat");
  config.mutable_rpn()->set_nms_thresh(.5f);
  Origin kept = Sample(), now = Sample();
  kept.settings = SettingsText(config);
  config.set_name("b");
  config.mutable_classes(0)->set_name("dog");
  now.settings = SettingsText(config);
  EXPECT_EQ(Difference(kept, now), "");
  for (const char* number :
       {"bn_eps_projection: 2e-05", "stem_width: 0", "min_size_ratio: HEIGHT",
        "iter2: true", "min_vote_score: 0.001"}) {
    EXPECT_THAT(now.settings, HasSubstr(number));
  }
  // What is given as it would be anyway is no difference.
  config.mutable_rpn()->set_post_nms(config.rpn().post_nms());
  now.settings = SettingsText(config);
  EXPECT_EQ(Difference(kept, now), "");
  config.mutable_rpn()->set_nms_thresh(.25f);
  config.mutable_postprocess()->set_iter2(false);
  now.settings = SettingsText(config);
  EXPECT_THAT(Difference(kept, now), HasSubstr("rpn.nms_thresh: 0.5 -> 0.25"));
  EXPECT_THAT(Difference(kept, now),
              HasSubstr("postprocess.iter2: true -> false"));
}

TEST(OriginTest, ClassesThatAreLeftOutDoNotCount) {
  ModelConfig config;
  for (const char* name : {"cat", "dog"}) config.add_classes()->set_name(name);
  data::ClassMatch match;
  match.categories = {std::nullopt, data::RecordId(int64_t{7})};
  EXPECT_EQ(ClassesText(config, match), "2 dog = 7\n");
}

}  // namespace
}  // namespace fcis::eval
