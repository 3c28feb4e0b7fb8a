#include "fcis/tools/bench.h"

#include "fcis/core/config/presets.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

TEST(Median, MiddleValue) {
  EXPECT_EQ(Median({}), 0);
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 2, 3}), 2.5);
}

TEST(RunBench, TimesEveryStage) {
  const auto backend = kernels::MakeBackend("ref", kernels::Precision::kF32);
  ASSERT_TRUE(backend.ok());
  ModelConfig config = *Preset("parity_mini");
  config.mutable_input()->set_min_size(96);
  config.mutable_input()->set_max_size(200);
  BenchOptions options;
  options.repeats = 2;
  const absl::StatusOr<BenchResult> result =
      RunBench(model::DeterministicWeights(config, 1), options, backend->get());
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->stages.size(), 7u);
  for (const BenchStage& stage : result->stages) {
    EXPECT_EQ(stage.seconds.size(), 2u) << stage.name;
  }

  rapidjson::Document json;
  json.Parse(BenchJson(config, **backend, /*threads=*/1, *result).c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_STREQ(json["preset"].GetString(), "parity_mini");
  EXPECT_EQ(json["height"].GetInt(), 96);
  EXPECT_EQ(json["width"].GetInt(), 128);
  EXPECT_EQ(json["repeats"].GetInt(), 2);
  EXPECT_STREQ(json["precision"].GetString(), "f32");
  EXPECT_GT(json["network_s"].GetDouble(), 0);
  EXPECT_GT(json["gflop"].GetDouble(), 0);
  EXPECT_GT(json["peak_rss_mib"].GetDouble(), 1);
  EXPECT_GT(json["stages"]["decode"]["median_s"].GetDouble(), 0);
  EXPECT_TRUE(json["stages"].HasMember("voting"));
}

}  // namespace
}  // namespace fcis::tools
