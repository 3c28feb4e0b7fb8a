#include "fcis/tools/bench.h"

#include "fcis/core/config/presets.h"
#include "fcis/kernels/backend_factory.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis {
namespace {

TEST(Median, MiddleValue) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
}

TEST(SyntheticPicture, IsTheSameEveryTime) {
  const Image a = SyntheticPicture(40, 60);
  EXPECT_EQ(a.height, 40);
  EXPECT_EQ(a.width, 60);
  EXPECT_EQ(a.pixels, SyntheticPicture(40, 60).pixels);
}

TEST(RunBench, TimesEveryStage) {
  const auto backend = MakeBackend("ref", Precision::kF32);
  ASSERT_TRUE(backend.ok());
  const ModelConfig config = *Preset("parity_mini");
  BenchOptions options;
  options.height = 96;
  options.width = 128;
  options.repeats = 2;
  const absl::StatusOr<BenchResult> result =
      RunBench(config, options, backend->get());
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->stages.size(), 7u);
  for (const BenchStage& stage : result->stages) {
    EXPECT_EQ(stage.seconds.size(), 2u) << stage.name;
  }

  rapidjson::Document json;
  json.Parse(
      BenchJson(config, options, **backend, /*threads=*/1, *result).c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_STREQ(json["preset"].GetString(), "parity_mini");
  EXPECT_STREQ(json["precision"].GetString(), "f32");
  EXPECT_GT(json["network_s"].GetDouble(), 0);
  EXPECT_GT(json["gflop"].GetDouble(), 0);
  EXPECT_GT(json["peak_rss_mib"].GetDouble(), 1);
  EXPECT_GT(json["stages"]["decode"]["median_s"].GetDouble(), 0);
  EXPECT_TRUE(json["stages"].HasMember("voting"));
}

}  // namespace
}  // namespace fcis
