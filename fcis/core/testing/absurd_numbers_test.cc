#include "fcis/core/testing/absurd_numbers.h"

#include <cmath>
#include <map>

#include "fcis/core/config/fcis.pb.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(ForEachAbsurdNumber, VisitsEveryNumberAlone) {
  ModelConfig config;
  config.mutable_rpn()->add_scales(8);
  std::map<std::string, int> visits;
  ForEachAbsurdNumber(&config, [&](const std::string& field) {
    ++visits[field];
    const bool is_scale = field == "rpn.scales[1]";
    EXPECT_EQ(config.rpn().scales_size(), is_scale ? 2 : 1);
    if (is_scale) {
      EXPECT_FALSE(std::isfinite(config.rpn().scales(1)));
    }
    EXPECT_EQ(config.input().has_min_size(), field == "input.min_size");
  });
  EXPECT_EQ(visits["input.min_size"], 2);
  EXPECT_EQ(visits["rpn.scales[1]"], 3);
  EXPECT_EQ(visits["classes[0].category_id"], 2);
  EXPECT_EQ(visits["scoring.max_detections"], 2);
  EXPECT_EQ(visits["scoring.score_thresh"], 3);
  EXPECT_EQ(visits.count("scoring.iter2"), 0u);
  EXPECT_EQ(visits.count("name"), 0u);
}

}  // namespace
}  // namespace fcis
