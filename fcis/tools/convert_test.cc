#include "fcis/tools/convert.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(TensorTable, ListsEveryTensorAndTheSums) {
  const std::string table = TensorTable(
      {{"a/W", Tensor(Shape{2, 3})}, {"n", Tensor::Zeros({}, DType::kI32)}});
  EXPECT_THAT(table, HasSubstr("a/W  f32   2x3"));
  EXPECT_THAT(table, HasSubstr("scalar"));
  EXPECT_THAT(table, HasSubstr("2 tensors, 7 values, 28 bytes"));
}

TEST(CheckOutputName, KnowsThreeFormats) {
  EXPECT_TRUE(CheckOutputName("a.npz").ok());
  EXPECT_TRUE(CheckOutputName("a.onnx").ok());
  EXPECT_TRUE(CheckOutputName("b/c.safetensors").ok());
  EXPECT_THAT(CheckOutputName("c.params").message(), HasSubstr("c.params"));
}

TEST(CheckOutputName, OfSomeFlagsOursAlone) {
  EXPECT_TRUE(CheckOutputName("c.safetensors", "--bf16").ok());
  for (const char* other : {"a.npz", "a.onnx"}) {
    EXPECT_THAT(CheckOutputName(other, "--bf16").message(),
                AllOf(HasSubstr("--bf16"), HasSubstr(other)));
  }
}

TEST(WriteWeights, OnnxIsOneOfTheFormats) {
  const std::string path = ::testing::TempDir() + "/w.onnx";
  ASSERT_TRUE(
      WriteWeights(path, model::DeterministicWeights(*Preset("parity_mini"), 5))
          .ok());
  EXPECT_THAT(model::LoadWeights(path).status().message(),
              HasSubstr("an ONNX model"));
}

TEST(AverageOf, IsTheMeanOfAll) {
  const ModelConfig config = *Preset("parity_mini");
  const model::Weights first = model::DeterministicWeights(config, 1);
  const model::Weights second = model::DeterministicWeights(config, 2);
  const std::string file = ::testing::TempDir() + "/second.safetensors";
  ASSERT_TRUE(model::SaveWeights(file, second).ok());
  const auto mean = AverageOf(first, {file, file});
  ASSERT_TRUE(mean.ok()) << mean.status();
  ASSERT_EQ(mean->tensors.size(), first.tensors.size());
  for (const auto& [name, tensor] : mean->tensors) {
    const float a = first.tensors.at(name).data<float>()[0];
    const float b = second.tensors.at(name).data<float>()[0];
    EXPECT_NEAR(tensor.data<float>()[0], (a + 2 * b) / 3, 1e-6) << name;
  }
  ModelConfig other = config;
  other.mutable_rpn()->set_mid_channels(8);
  ASSERT_TRUE(
      model::SaveWeights(file, model::DeterministicWeights(other, 2)).ok());
  EXPECT_THAT(AverageOf(first, {file}).status().message(),
              ::testing::HasSubstr("rpn/conv1"));
}

TEST(WriteWeights, BothFormatsHoldTheSameTensors) {
  const model::Weights weights =
      model::DeterministicWeights(*Preset("parity_mini"), 5);
  for (const char* name : {"w.npz", "w.safetensors"}) {
    const std::string path = absl::StrCat(::testing::TempDir(), "/", name);
    ASSERT_TRUE(WriteWeights(path, weights).ok());
    const auto got = model::LoadWeights(path, weights.config);
    ASSERT_TRUE(got.ok()) << got.status();
    for (const auto& [tensor_name, tensor] : weights.tensors) {
      EXPECT_TRUE(AllEqual(got->tensors.at(tensor_name), tensor)) << name;
    }
  }
}

}  // namespace
}  // namespace fcis::tools
