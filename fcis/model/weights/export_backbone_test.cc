#include "fcis/model/weights/export_backbone.h"

#include <cmath>
#include <string>

#include "absl/strings/match.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/backbone_names.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/import_backbone.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

// As a value that was rounded twice.
void ExpectWithinTwoRoundings(const Tensor& got, const Tensor& want) {
  constexpr float kRoundings = 2 * 6e-8f;
  ASSERT_EQ(got.shape(), want.shape());
  for (int64_t i = 0; i < want.num_elements(); ++i) {
    const float w = want.data<float>()[i];
    ASSERT_NEAR(got.data<float>()[i], w, kRoundings * std::abs(w));
  }
}

TEST(ExportTorchvisionBackbone, OutAndInAreTheSameWeights) {
  const Weights weights = DeterministicWeights(*Preset("parity_mini"), 3);
  const std::string path = ::testing::TempDir() + "/backbone.safetensors";
  ASSERT_TRUE(ExportTorchvisionBackbone(path, weights).ok());
  const auto file = ReadTensors(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(BackboneNamingOf(*file), BackboneNaming::kTorchvision);
  const auto got = ImportBackbone(*file, weights.config, path);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(got->ignored.empty());
  size_t same = 0;
  for (const auto& [name, tensor] : weights.tensors) {
    if (!absl::StartsWith(name, kBackbonePrefix)) continue;
    SCOPED_TRACE(name);
    ASSERT_EQ(got->tensors.count(name), 1u);
    const Tensor& back = got->tensors.at(name);
    if (name == "extractor/res1/bn1/avg_mean") {
      // The shift of the input, a sum over the kernel, came and went.
      EXPECT_TRUE(AllNear(back, tensor, 1e-5));
    } else if (name == "extractor/res1/conv1/W" ||
               absl::EndsWith(name, "/bn4/avg_var")) {
      ExpectWithinTwoRoundings(back, tensor);
    } else {
      EXPECT_TRUE(AllEqual(back, tensor));
    }
    ++same;
  }
  EXPECT_EQ(got->tensors.size(), same);
}

// What train --init and the message of other programs go by.
TEST(ExportTorchvisionBackbone, TheFileIsABackbone) {
  const Weights weights = DeterministicWeights(*Preset("parity_mini"), 3);
  const std::string path = ::testing::TempDir() + "/backbone.safetensors";
  ASSERT_TRUE(ExportTorchvisionBackbone(path, weights).ok());
  EXPECT_THAT(std::string(LoadWeights(path).status().message()),
              HasSubstr("with the names of torchvision"));
  EXPECT_FALSE(
      ExportTorchvisionBackbone("/nowhere/b.safetensors", weights).ok());
}

}  // namespace
}  // namespace fcis::model
