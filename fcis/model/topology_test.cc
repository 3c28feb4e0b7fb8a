#include "fcis/model/topology.h"

#include "fcis/core/config/presets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

// Counted layer by layer elsewhere; PyTorch's counter says 247.3e9 for the
// first.
TEST(TopologyTest, FlopsOfResNet101) {
  const Topology topology = TopologyOf(*Preset("resnet101_coco"));
  EXPECT_EQ(*FlopsOf(topology, 600, 800), 247325286400.0);
  EXPECT_EQ(*FlopsOf(topology, 333, 501), 87348757376.0);
  const auto layers = LayerFlopsOf(topology, 600, 800);
  ASSERT_TRUE(layers.ok());
  ASSERT_EQ(layers->size(), topology.layers.size());
  EXPECT_EQ(layers->front(), 2.0 * 300 * 400 * 64 * 7 * 7 * 3);  // the stem
}

TEST(TopologyTest, BottleneckNamesAreInOrder) {
  EXPECT_THAT(BottleneckNames(3, 2),
              ElementsAre("extractor/res3/res3_a", "extractor/res3/res3_b1"));
}

TEST(TopologyTest, OutputsHaveTheFeatureStride) {
  const ModelConfig config = *Preset("parity_small");
  const Topology topology = TopologyOf(config);
  const auto shapes = *ShapesOf(topology, {2, 128, 160, 3});
  const int64_t anchors =
      int64_t{config.rpn().ratios_size()} * config.rpn().scales_size();
  const int64_t bins =
      int64_t{config.head().group_size()} * config.head().group_size();
  const auto output = [&](NetworkOutput k) {
    return shapes[static_cast<size_t>(topology.outputs[k])];
  };
  const int64_t h = 128 / kFeatureStride, w = 160 / kFeatureStride;
  EXPECT_EQ(output(kRpnScores), Shape({2, h, w, 2 * anchors}));
  EXPECT_EQ(output(kRpnDeltas), Shape({2, h, w, 4 * anchors}));
  EXPECT_EQ(output(kScoreMaps),
            Shape({2, h, w, bins * 2 * (config.classes_size() + 1)}));
  EXPECT_EQ(output(kBoxMaps), Shape({2, h, w, bins * 8}));
}

TEST(TopologyTest, NamesTheLayerThatAPictureIsTooSmallFor) {
  ConvSpec layer;
  layer.name = "first";
  layer.in = 3;
  layer.out = 4;
  layer.kernel = 5;
  Topology topology;
  topology.layers = {layer};
  EXPECT_TRUE(ShapesOf(topology, {1, 5, 5, 3}).ok());
  EXPECT_THAT(ShapesOf(topology, {1, 4, 5, 3}).status().message(),
              HasSubstr("first: "));
}

// reduce, spatial, project, expand and, on top, a second block.
TEST(TopologyTest, WhatNothingReadsAnyMoreIsKnown) {
  BottleneckSpec block;
  block.name = "a";
  block.in = block.mid = 4;
  block.out = 16;
  block.projects = true;
  Topology topology;
  block.source = AddBottleneck(block, &topology);
  ASSERT_EQ(block.source, 3);
  block.name = "b";
  block.in = 16;
  block.projects = false;
  const int end = AddBottleneck(block, &topology);
  ASSERT_EQ(end, 6);
  EXPECT_EQ(topology.layers[3].residual, 2);
  EXPECT_EQ(topology.layers[6].residual, 3);
  const auto uses = LastUses(topology, std::vector<bool>(7, true), {end});
  EXPECT_THAT(uses[0], IsEmpty());
  EXPECT_THAT(uses[1], ElementsAre(0));
  EXPECT_THAT(uses[3], UnorderedElementsAre(1, 2));
  EXPECT_THAT(uses[6], UnorderedElementsAre(3, 5));
  // Outputs stay.
  EXPECT_THAT(LastUses(topology, std::vector<bool>(7, true), {3, end})[6],
              ElementsAre(5));
}

}  // namespace
}  // namespace fcis::model
