#include "fcis/model/weights/infer_config.h"

#include <iterator>

#include "absl/strings/match.h"
#include "fcis/core/config/limits.h"
#include "fcis/core/config/presets.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Only shapes matter: tensors of zero pages cost nothing.
std::map<std::string, Tensor> Blank(const ModelConfig& config) {
  std::map<std::string, Tensor> tensors;
  for (const TensorSpec& spec : ExpectedTensors(config)) {
    tensors[spec.name] = Tensor(spec.shape);
  }
  return tensors;
}

TEST(InferConfig, FindsThePublishedModels) {
  for (const char* name :
       {"resnet101_coco", "resnet50_coco", "resnet101_voc"}) {
    const ModelConfig want = *Preset(name);
    const absl::StatusOr<ModelConfig> got = InferConfig(Blank(want), "x");
    ASSERT_TRUE(got.ok()) << got.status();
    // The fields that are read off; a default may be set or not.
    const auto expected = ExpectedTensors(want);
    const auto inferred = ExpectedTensors(*got);
    ASSERT_EQ(inferred.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(inferred[i].name, expected[i].name);
      EXPECT_EQ(inferred[i].shape, expected[i].shape) << expected[i].name;
    }
    ASSERT_EQ(got->classes_size(), want.classes_size());
    EXPECT_EQ(got->classes(0).name(), want.classes(0).name());
    EXPECT_EQ(got->head().roi_size(), want.head().roi_size());
    EXPECT_EQ(got->rpn().scales(0), want.rpn().scales(0));
    EXPECT_EQ(got->rpn().min_size(), want.rpn().min_size());
    EXPECT_EQ(got->postprocess().min_drop_size(),
              want.postprocess().min_drop_size());
  }
}

TEST(InferConfig, OtherClassesAndWidths) {
  ModelConfig config = *Preset("parity_mini");  // 9 anchors, 2 classes
  const absl::StatusOr<ModelConfig> got = InferConfig(Blank(config), "x");
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->classes_size(), 2);
  EXPECT_EQ(got->classes(1).name(), "class 2");
  EXPECT_EQ(got->backbone().width(), 4);
  EXPECT_EQ(got->head().group_size(), 3);
  EXPECT_EQ(got->backbone().blocks(1), 2);
}

TEST(InferConfig, SaysWhatIsMissing) {
  auto tensors = Blank(*Preset("parity_mini"));
  tensors.erase("rpn/score/W");
  EXPECT_THAT(InferConfig(tensors, "my.npz").status().message(),
              HasSubstr("my.npz: no FCIS model: it has no rpn/score/W"));
  tensors = Blank(*Preset("parity_mini"));
  tensors["rpn/score/W"] = Tensor(Shape{10, 24, 1, 1});
  EXPECT_THAT(InferConfig(tensors, "my.npz").status().message(),
              HasSubstr("5 anchors"));
  tensors = Blank(*Preset("parity_mini"));
  tensors["head/psroi_conv2/W"] = Tensor(Shape{int64_t{18} << 50, 0, 1, 1});
  EXPECT_THAT(InferConfig(tensors, "my.npz").status().message(),
              HasSubstr("head/psroi_conv2/W has 20266198323167232 outputs"));
  tensors["head/psroi_conv2/W"] = Tensor(Shape{kMaxLayerOutputs, 0, 1, 1});
  EXPECT_THAT(InferConfig(tensors, "my.npz").status().message(),
              Not(HasSubstr("outputs, expected")));
  tensors["head/psroi_conv2/W"] = Tensor(Shape{kMaxLayerOutputs + 1, 0, 1, 1});
  EXPECT_THAT(InferConfig(tensors, "my.npz").status().message(),
              HasSubstr("1048577 outputs, expected 1 to 1048576"));
}

TEST(InferConfig, SaysWhatDoesNotFit) {
  const auto error = [](const std::string& name, const Shape& shape) {
    auto tensors = Blank(*Preset("parity_mini"));
    tensors[name] = Tensor(shape);
    return std::string(InferConfig(tensors, "my.npz").status().message());
  };
  EXPECT_EQ(error("rpn/conv1/W", Shape{24}),
            "my.npz: rpn/conv1/W is 24, expected rank 4");
  EXPECT_THAT(error("head/psroi_conv3/W", Shape{7, 24, 1, 1}),
              HasSubstr("my.npz: 7 box maps"));
  auto tensors = Blank(*Preset("parity_mini"));
  for (auto it = tensors.begin(); it != tensors.end();) {
    it = absl::StrContains(it->first, "/res4/") ? tensors.erase(it)
                                                : std::next(it);
  }
  EXPECT_THAT(InferConfig(tensors, "my.npz").status().message(),
              AllOf(HasSubstr("my.npz: "), HasSubstr("blocks")));
}

}  // namespace
}  // namespace fcis::model
