#include "fcis/tools/serve/detect_query.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Query = std::multimap<std::string, std::string>;

ModelConfig TwoClasses() {
  ModelConfig config;
  config.add_classes()->set_name("cat");
  config.add_classes()->set_name("traffic light");
  config.mutable_postprocess()->set_score_thresh(0.6);
  return config;
}

absl::StatusOr<DetectQuery> Parse(const Query& query) {
  return ParseDetectQuery(query, TwoClasses());
}

TEST(ParseDetectQueryTest, NothingIsTheModels) {
  const auto query = Parse({});
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->postprocess.score_thresh(), 0.6);
  EXPECT_THAT(query->labels, ElementsAre(1, 2));
  EXPECT_EQ(query->masks, MaskForm::kRle);
  EXPECT_FALSE(query->draw);
}

TEST(ParseDetectQueryTest, Everything) {
  const auto query = Parse({{"score_thresh", "0"},
                            {"nms_thresh", "1"},
                            {"mask_merge_thresh", ".25"},
                            {"binary_thresh", "3e-1"},
                            {"classes", "Traffic_Light"},
                            {"masks", "polygons"},
                            {"format", "png"}});
  ASSERT_TRUE(query.ok()) << query.status();
  EXPECT_EQ(query->postprocess.score_thresh(), 0);
  EXPECT_EQ(query->postprocess.nms_thresh(), 1);
  EXPECT_EQ(query->postprocess.mask_merge_thresh(), 0.25);
  EXPECT_EQ(query->postprocess.binary_thresh(), 0.3);
  EXPECT_THAT(query->labels, ElementsAre(2));
  EXPECT_EQ(query->masks, MaskForm::kPolygons);
  EXPECT_TRUE(query->draw);
  EXPECT_EQ(Parse({{"masks", "none"}})->masks, MaskForm::kNone);
}

TEST(ParseDetectQueryTest, NumbersOutOfRange) {
  for (const char* value : {"-0.001", "1.001", "nan", "inf", "", "x", "0.5x"}) {
    EXPECT_THAT(Parse({{"nms_thresh", value}}).status().message(),
                AllOf(HasSubstr("nms_thresh is '"),
                      HasSubstr("expected a number from 0 to 1")))
        << value;
  }
}

TEST(ParseDetectQueryTest, Errors) {
  EXPECT_THAT(Parse({{"score_tresh", "1"}}).status().message(),
              AllOf(HasSubstr("no parameter 'score_tresh'"),
                    HasSubstr("score_thresh")));
  EXPECT_EQ(Parse({{"classes", "dog"}}).status().message().substr(0, 9),
            "classes: ");
  EXPECT_THAT(Parse({{"masks", "png"}}).status().message(),
              HasSubstr("masks is 'png', expected rle or polygons or none"));
  EXPECT_THAT(Parse({{"format", "jpeg"}}).status().message(),
              HasSubstr("expected json or png"));
  EXPECT_THAT(Parse({{"format", "png"}, {"format", "json"}}).status().message(),
              HasSubstr("format is given 2 times"));
}

}  // namespace
}  // namespace fcis::tools
