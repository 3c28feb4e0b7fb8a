#include "fcis/eval/coco/voc_score.h"

#include <string>

#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/memory_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

VocScores Score(const std::string& gt, const std::string& dt,
                IouType type = IouType::kBbox) {
  EvalOptions options;
  options.iou_type = type;
  options.voc = true;
  options.iou_thresholds = {.5, .7};
  const MemoryFile annotations(gt), results(dt);
  const auto evaluation = Evaluate(annotations.path(), results.path(), options);
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  return evaluation.ok() ? ScoreVoc(*evaluation) : VocScores();
}

double ValueOf(const rapidjson::Value& value) {
  return value.IsNull() ? -1 : value.GetDouble();
}

TEST(VocScoreTest, EqualsChainercvOnRandomCases) {
  const std::string text = *ReadFile("fcis/eval/coco/testdata/voc_cases.jsonl");
  int cases = 0, partly = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    rapidjson::Document json;
    json.Parse(line.data(), line.size());
    ASSERT_FALSE(json.HasParseError());
    const bool masks = std::string(json["iou_type"].GetString()) == "segm";
    const VocScores scores =
        Score(json["gt"].GetString(), json["dt"].GetString(),
              masks ? IouType::kSegm : IouType::kBbox);
    const char* const thresholds[] = {"0.5", "0.7"};
    for (size_t t = 0; t < 2; ++t) {
      const auto& expected = json["scores"][thresholds[t]];
      EXPECT_NEAR(scores.means[t].area, ValueOf(expected["map"]), 1e-12);
      EXPECT_NEAR(scores.means[t].eleven, ValueOf(expected["map07"]), 1e-12);
      for (rapidjson::SizeType c = 0; c < scores.classes.size(); ++c) {
        const VocAp& ap = scores.classes[c].aps[t];
        EXPECT_NEAR(ap.area, ValueOf(expected["ap"][c]), 1e-12) << cases;
        EXPECT_NEAR(ap.eleven, ValueOf(expected["ap07"][c]), 1e-12) << cases;
        partly += ap.area > 0 && ap.area < 1;
      }
    }
    ++cases;
  }
  EXPECT_GE(cases, 25);
  EXPECT_GE(partly, 50);  // else they would tell little
}

constexpr char kTruth[] =
    R"({"images": [{"id": 1, "height": 90, "width": 90}],
        "categories": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}],
        "annotations": [
          {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10],
           "area": 100, "iscrowd": 0},
          {"id": 2, "image_id": 1, "category_id": 1, "bbox": [0, 4, 10, 10],
           "area": 100, "iscrowd": 0},
          {"id": 3, "image_id": 1, "category_id": 1, "bbox": [40, 40, 40, 40],
           "area": 1600, "iscrowd": 1}]})";

// Unlike COCO's: the second detection overlaps the first object the most, which
// is taken, and does not go on to the other one.
constexpr char kResults[] =
    R"([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "score": 0.9},
        {"image_id": 1, "category_id": 1, "bbox": [50, 50, 5, 5], "score": 0.8},
        {"image_id": 1, "category_id": 1, "bbox": [0, 1, 10, 10],
         "score": 0.7}])";

TEST(VocScoreTest, TakesTheBestObjectOnlyAndPassesOverCrowds) {
  const VocScores scores = Score(kTruth, kResults);
  ASSERT_EQ(scores.classes.size(), 2);
  EXPECT_DOUBLE_EQ(scores.classes[0].aps[0].area, .5);
  EXPECT_DOUBLE_EQ(scores.classes[0].aps[0].eleven, 6 / 11.);
  EXPECT_EQ(scores.classes[1].aps[0].area, -1);
  EXPECT_DOUBLE_EQ(scores.means[0].area, .5);
}

TEST(VocScoreTest, AsTextTableAndJson) {
  const VocScores scores = Score(kTruth, kResults);
  EXPECT_EQ(VocText(scores),
            "mAP@0.50 0.5000 (VOC 2007: 0.5455)\n"
            "mAP@0.70 0.5000 (VOC 2007: 0.5455)\n");
  EXPECT_THAT(
      VocRows(scores),
      ElementsAre(
          ElementsAre("Item", "AP@0.50", "AP@0.70", "AP07@0.50", "AP07@0.70"),
          ElementsAre("mean", "0.5000", "0.5000", "0.5455", "0.5455"),
          ElementsAre("a", "0.5000", "0.5000", "0.5455", "0.5455"),
          ElementsAre("b", "nan", "nan", "nan", "nan")));
  rapidjson::Document json;
  json.Parse(VocJson(scores, {"odd"}).c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_EQ(json["per_category"][0]["AP"][1].GetDouble(), .5);
  EXPECT_EQ(json["per_category"][1]["AP07"][0].GetDouble(), -1);
  EXPECT_STREQ(json["warnings"][0].GetString(), "odd");
}

TEST(VocScoreTest, NoObjectsNoScore) {
  const VocScores scores = Score(
      R"({"images": [{"id": 1}], "categories": [{"id": 1, "name": "a"}],
          "annotations": []})",
      "[]");
  EXPECT_EQ(scores.means[0].area, -1);
}

}  // namespace
}  // namespace fcis::eval
