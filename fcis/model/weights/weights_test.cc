#include "fcis/model/weights/weights.h"

#include "fcis/core/config/presets.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

TEST(CheckWeights, NamesWhatIsOff) {
  Weights w = DeterministicWeights(*Preset("parity_mini"), 1);
  w.source = "my.npz";
  ASSERT_TRUE(CheckWeights(w).ok());
  w.tensors.erase("rpn/loc/b");
  w.tensors["rpn/lock/b"] = Tensor(Shape{36});
  w.tensors["head/psroi_conv1/b"] = Tensor(Shape{41});
  const std::string message(CheckWeights(w).message());
  EXPECT_THAT(message, HasSubstr("my.npz"));
  EXPECT_THAT(message, HasSubstr("1 missing: rpn/loc/b"));
  EXPECT_THAT(message, HasSubstr("1 unknown: rpn/lock/b"));
  EXPECT_THAT(message,
              HasSubstr("head/psroi_conv1/b is f32 41, expected f32 40"));
}

TEST(CheckWeights, NeedsClasses) {
  ModelConfig config = *Preset("parity_mini");
  config.clear_classes();
  EXPECT_THAT(CheckWeights(DeterministicWeights(config, 1)).message(),
              HasSubstr("configuration names no classes"));
}

TEST(ExpectedTensors, FullSizeShapes) {
  int64_t parameters = 0;
  for (const TensorSpec& spec : ExpectedTensors(*Preset("resnet101_coco"))) {
    if (spec.name == "head/psroi_conv2/W") {
      EXPECT_EQ(spec.shape, Shape({7938, 1024, 1, 1}));
    }
    if (spec.name == "extractor/res5/res5_a/conv4/W") {
      EXPECT_EQ(spec.shape, Shape({2048, 1024, 1, 1}));
    }
    parameters += spec.shape.num_elements();
  }
  EXPECT_GT(parameters, 50'000'000);
}

}  // namespace
}  // namespace fcis::model
