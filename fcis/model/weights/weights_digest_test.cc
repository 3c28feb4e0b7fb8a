#include "fcis/model/weights/weights_digest.h"

#include "fcis/core/config/presets.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

TEST(WeightsDigestTest, ContentCounts) {
  const auto config = Preset("parity_mini");
  ASSERT_TRUE(config.ok()) << config.status();
  Weights weights = DeterministicWeights(*config, 1);
  const std::string digest = WeightsDigest(weights);
  EXPECT_EQ(digest.size(), 64u);
  EXPECT_EQ(WeightsDigest(DeterministicWeights(*config, 1)), digest);
  EXPECT_NE(WeightsDigest(DeterministicWeights(*config, 2)), digest);
  weights.source = "another file";
  weights.config.set_name("another name");
  EXPECT_EQ(WeightsDigest(weights), digest);
  // Names, shapes and single elements.
  Weights changed = weights;
  const auto first = changed.tensors.begin();
  Tensor tensor = first->second.Clone();
  tensor.mutable_data<float>()[0] += 1;
  first->second = tensor;
  EXPECT_NE(WeightsDigest(changed), digest);
  changed = weights;
  Tensor& shaped = changed.tensors.begin()->second;
  shaped = shaped.Reshaped(Shape({1, shaped.num_elements()}));
  EXPECT_NE(WeightsDigest(changed), digest);
  changed = weights;
  auto node = changed.tensors.extract(changed.tensors.begin());
  node.key() += "x";
  changed.tensors.insert(std::move(node));
  EXPECT_NE(WeightsDigest(changed), digest);
}

}  // namespace
}  // namespace fcis::model
