#include "fcis/tools/profile.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/config/presets.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/topology.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::tools {
namespace {

using ::testing::HasSubstr;

// 2 FLOP and 1 byte in 4 s, where 1 FLOP/s and 1 byte/s are to be had.
BenchLayer Layer() {
  BenchLayer layer;
  layer.name = "extractor/res4/res4_a/conv1";
  layer.precision = "f32";
  layer.algorithm = "direct";
  layer.gflop = 2e-9;
  layer.bytes = 1;
  layer.seconds = {9, 4, 1};
  return layer;
}
MachinePeaks OnePerSecond() {
  MachinePeaks peaks;
  peaks.flops["f32"] = 1;
  peaks.bandwidth = 1;
  return peaks;
}

TEST(ShareOfPeak, OfWhatBindsTheLayer) {
  BenchLayer layer = Layer();
  EXPECT_DOUBLE_EQ(ShareOfPeak(layer, OnePerSecond()), 0.5);
  EXPECT_FALSE(BoundByMemory(layer, OnePerSecond()));
  layer.bytes = 3;
  EXPECT_DOUBLE_EQ(ShareOfPeak(layer, OnePerSecond()), 0.75);
  EXPECT_TRUE(BoundByMemory(layer, OnePerSecond()));
}

class ProfileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    config_ = *Preset("parity_mini");
    config_.mutable_input()->set_min_size(96);
    config_.mutable_input()->set_max_size(200);
    config_.mutable_postprocess()->set_score_thresh(0.01);
    const auto backend = kernels::MakeBackend("cpu", kernels::Precision::kF32);
    ASSERT_TRUE(backend.ok()) << backend.status();
    BenchOptions options;
    options.repeats = 3;
    options.profile = true;
    const auto result = RunBench(model::DeterministicWeights(config_, 5),
                                 options, backend->get());
    ASSERT_TRUE(result.ok()) << result.status();
    result_ = *result;
    topology_ = model::TopologyOf(config_);
    peaks_ = {{{"f32", 1e11}}, 1e10};
  }

  // Lines of the table that hold a layer or a stage.
  std::vector<std::string> Rows() const {
    std::vector<std::string> lines =
        absl::StrSplit(ProfileTable(result_, peaks_), '\n', absl::SkipEmpty());
    lines.erase(lines.begin(), lines.begin() + 2);
    return lines;
  }

  ModelConfig config_;
  BenchResult result_;
  model::Topology topology_;
  MachinePeaks peaks_;
};

TEST_F(ProfileTest, HasTheTopologysLayersInItsOrder) {
  const std::vector<std::string> rows = Rows();
  ASSERT_EQ(rows.size(), topology_.layers.size() + result_.stages.size());
  for (size_t i = 0; i < topology_.layers.size(); ++i) {
    EXPECT_THAT(rows[i], HasSubstr(absl::StrCat(
                             i + 1, "  ", topology_.layers[i].name, " ")));
    EXPECT_THAT(rows[i], HasSubstr(" f32   direct "));
  }
  EXPECT_THAT(rows[topology_.layers.size()], HasSubstr(" network "));
  EXPECT_THAT(rows.back(), HasSubstr(" paste "));
}

TEST_F(ProfileTest, LayersTakeTheNetworksTimeAndNoMore) {
  const auto network =
      std::find_if(result_.stages.begin(), result_.stages.end(),
                   [](const auto& s) { return s.name == kNetworkStage; });
  for (size_t repeat = 0; repeat < 3; ++repeat) {
    double sum = 0;
    for (const BenchLayer& layer : result_.layers) {
      ASSERT_EQ(layer.seconds.size(), 3u);
      sum += layer.seconds[repeat];
    }
    EXPECT_LE(sum, network->seconds[repeat] * (1 + 1e-9));
    EXPECT_GT(sum, network->seconds[repeat] / 2);
  }
}

TEST_F(ProfileTest, LayersHaveTheNetworksWork) {
  double gflop = 0;
  for (const BenchLayer& layer : result_.layers) {
    gflop += layer.gflop;
    EXPECT_GT(layer.bytes, 0) << layer.name;
  }
  EXPECT_NEAR(gflop, result_.gflop, 1e-9 * result_.gflop);
  for (const BenchStage& stage : result_.stages) {
    EXPECT_EQ(stage.bytes > 0, stage.name != kNetworkStage) << stage.name;
  }
  // Pictures of three bytes a pixel become floats.
  EXPECT_EQ(result_.stages[1].bytes, 96 * 128 * 3 * (1 + 4));
}

TEST_F(ProfileTest, WritesTheSameAsJson) {
  rapidjson::Document json;
  json.Parse(ProfileJson(result_, peaks_).c_str());
  ASSERT_FALSE(json.HasParseError());
  ASSERT_EQ(json["layers"].Size(), topology_.layers.size());
  double gflop = 0;
  for (unsigned i = 0; i < json["layers"].Size(); ++i) {
    const auto& layer = json["layers"][i];
    EXPECT_EQ(layer["name"].GetString(), topology_.layers[i].name);
    EXPECT_DOUBLE_EQ(layer["median_s"].GetDouble(),
                     Median(result_.layers[i].seconds));
    EXPECT_DOUBLE_EQ(layer["share"].GetDouble(),
                     ShareOfPeak(result_.layers[i], peaks_));
    gflop += layer["gflop"].GetDouble();
  }
  EXPECT_NEAR(gflop, json["gflop"].GetDouble(), 1e-9 * gflop);
  EXPECT_DOUBLE_EQ(json["peaks"]["f32_gflop_per_s"].GetDouble(), 100);
  EXPECT_GT(json["stages"]["voting"]["bytes_per_s"].GetDouble(), 0);
}

TEST_F(ProfileTest, DrawsEveryLayerUnderTheRoof) {
  const std::string svg = RooflineChart(result_, peaks_);
  for (size_t i = 0; i < topology_.layers.size(); ++i) {
    EXPECT_THAT(svg, HasSubstr(absl::StrCat("<title>", topology_.layers[i].name,
                                            ", direct f32: ")));
    EXPECT_THAT(svg, HasSubstr(absl::StrCat(">", i + 1, "</text>")));
  }
  for (const char* name : {"peak, f32", "res1", "res5", "rpn", "head"}) {
    EXPECT_THAT(svg, HasSubstr(absl::StrCat(">", name, "</text>")));
  }
}

TEST_F(ProfileTest, MeasuresThePeaksThatItsLayersNeed) {
  result_.layers.resize(2);
  result_.layers[1].precision = "bf16";
  const MachinePeaks peaks = PeaksFor(result_);
  ASSERT_EQ(peaks.flops.size(), 2u);
  EXPECT_GT(peaks.flops.at("f32"), 1e8);
  EXPECT_GT(peaks.flops.at("bf16"), 1e8);
  EXPECT_GT(peaks.bandwidth, 1e8);
}

}  // namespace
}  // namespace fcis::tools
