#include "fcis/model/weights/load.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/io/npz.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

constexpr char kChainercvFile[] =
    "fcis/testdata/parity_chainercv/weights_mini.npz";
constexpr char kMxnetFile[] =
    "fcis/testdata/parity_chainercv/mxnet_mini.params";

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

TEST(LoadWeights, OwnFormatKeepsTheConfig) {
  Weights weights = DeterministicWeights(*Preset("parity_mini"), 3);
  weights.config.mutable_head()->set_psroi_rounding(HeadConfig::NONE);
  const std::string path = Path("own.safetensors");
  ASSERT_TRUE(SaveWeights(path, weights).ok());
  const auto got = LoadWeights(path);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->config.DebugString(), weights.config.DebugString());
  EXPECT_EQ(got->source, path);
  for (const auto& [name, tensor] : weights.tensors) {
    EXPECT_TRUE(AllEqual(got->tensors.at(name), tensor)) << name;
  }
}

TEST(LoadWeights, LeavesOutWhatTheOptimiserKeeps) {
  const Weights weights = DeterministicWeights(*Preset("parity_mini"), 3);
  Weights more = weights;
  more.tensors["optimizer/momentum/rpn/loc/W"] = Tensor::Zeros({2});
  const std::string path = Path("momentum.safetensors");
  ASSERT_TRUE(SaveWeights(path, more).ok());
  const auto got = LoadWeights(path);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->tensors.size(), weights.tensors.size());
  more.tensors["optimizers"] = Tensor::Zeros({2});
  ASSERT_TRUE(SaveWeights(path, more).ok());
  EXPECT_THAT(LoadWeights(path).status().message(),
              HasSubstr("1 unknown: optimizers"));
}

TEST(LoadWeights, OfACheckpointTheAverages) {
  const Weights now = DeterministicWeights(*Preset("parity_mini"), 3);
  const Weights averages = DeterministicWeights(*Preset("parity_mini"), 4);
  Weights checkpoint = now;
  checkpoint.tensors["optimizer/average/rpn/loc/W"] =
      averages.tensors.at("rpn/loc/W");
  const std::string path = Path("averages.safetensors");
  ASSERT_TRUE(SaveWeights(path, checkpoint).ok());
  const auto got = LoadWeights(path);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->tensors.size(), now.tensors.size());
  for (const auto& [name, tensor] : got->tensors) {
    const Weights& want = name == "rpn/loc/W" ? averages : now;
    EXPECT_TRUE(AllEqual(tensor, want.tensors.at(name))) << name;
  }
}

TEST(LoadWeights, WidensBf16) {
  Weights weights = DeterministicWeights(*Preset("parity_mini"), 3);
  float* kernel = weights.tensors.at("rpn/loc/W").mutable_data<float>();
  kernel[0] = 1 + 1.0f / 256;      // a tie: to even
  kernel[1] = -(1 + 3.0f / 1024);  // to the nearer one
  const std::string path = Path("bf16.safetensors");
  ASSERT_TRUE(SaveWeights(path, WithBf16Kernels(weights)).ok());
  EXPECT_EQ(ReadTensors(path)->at("rpn/loc/W").type(), DType::kBF16);
  const auto got = LoadWeights(path);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->tensors.at("rpn/loc/W").data<float>()[0], 1);
  EXPECT_EQ(got->tensors.at("rpn/loc/W").data<float>()[1], -1);
  for (const auto& [name, want] : weights.tensors) {
    const Tensor& tensor = got->tensors.at(name);
    if (want.shape().rank() == 1) {
      EXPECT_TRUE(AllEqual(tensor, want)) << name;
    } else {
      EXPECT_TRUE(AllNear(tensor, want, AbsMax(want) / 256)) << name;
    }
  }
}

TEST(LoadWeights, TellsTheFormats) {
  for (const char* path : {"fcis/model/weights/testdata/mini_chainer_fcis.npz",
                           kChainercvFile, kMxnetFile}) {
    const auto got = LoadWeights(path, *Preset("parity_mini"));
    EXPECT_TRUE(got.ok()) << got.status();
  }
}

TEST(ReadTensors, KeepsTheFilesOwnNames) {
  EXPECT_EQ(ReadTensors(kChainercvFile)->count("head/ag_loc/b"), 1u);
  EXPECT_EQ(ReadTensors(kMxnetFile)->count("arg:conv1_weight"), 1u);
  const std::string path = Path("own2.safetensors");
  ASSERT_TRUE(
      SaveWeights(path, DeterministicWeights(*Preset("parity_mini"), 3)).ok());
  EXPECT_EQ(ReadTensors(path)->count("rpn/loc/W"), 1u);
}

TEST(LoadWeights, SaysWhatItExpected) {
  EXPECT_THAT(LoadWeights(Path("none.npz")).status().message(),
              HasSubstr("none.npz"));
  ASSERT_TRUE(WriteFileAtomic(Path("page.npz"), "<html>sorry</html>").ok());
  EXPECT_THAT(LoadWeights(Path("page.npz")).status().message(),
              HasSubstr("an HTML page"));
  EXPECT_THAT(ReadTensors(Path("page.npz")).status().message(),
              HasSubstr("an HTML page"));
}

TEST(LoadWeights, Case64SaysWhichBackboneItIs) {
  const std::string path = Path("backbone.npz");
  std::vector<std::pair<std::string, Tensor>> arrays = {
      {"conv1/W", Tensor::Zeros({64, 3, 7, 7})},
      {"res2/a/conv1/W", Tensor::Zeros({64, 64, 1, 1})},
      {"res2/a/conv2/W", Tensor::Zeros({64, 64, 3, 3})},
      {"res2/a/conv3/W", Tensor::Zeros({256, 64, 1, 1})}};
  ASSERT_TRUE(WriteNpz(path, arrays).ok());
  EXPECT_THAT(LoadWeights(path).status().message(),
              HasSubstr("backbone.npz: no FCIS model but a ResNet of 1, 0, 0, "
                        "0 bottlenecks with the names of chainer, which "
                        "training can start from"));
  arrays.pop_back();
  ASSERT_TRUE(WriteNpz(path, arrays).ok());
  EXPECT_THAT(LoadWeights(path).status().message(),
              HasSubstr("1, 0, 0, 0 basic blocks with the names of chainer"));
}

}  // namespace
}  // namespace fcis::model
