#include "fcis/model/weights/import_backbone.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/backbone_names.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Tensors = std::map<std::string, Tensor>;

// Blocks 1, 2, 1, 2; four channels wide.
ModelConfig Mini() { return *Preset("parity_mini"); }

Tensors BackboneOf(const ModelConfig& config) {
  Tensors tensors;
  for (const auto& [name, tensor] : DeterministicWeights(config, 3).tensors) {
    if (absl::StartsWith(name, "extractor/")) tensors[name] = tensor;
  }
  return tensors;
}

// By text replacement, unlike the importer.
std::string ToChainer(const std::string& ours) {
  return absl::StrReplaceAll(ours, {{"extractor/res1/", ""},
                                    {"extractor/", ""},
                                    {"res2_", ""},
                                    {"res3_", ""},
                                    {"res4_", ""},
                                    {"res5_", ""}});
}
std::string ToChainercv(const std::string& ours) {
  return absl::StrReplaceAll(ToChainer(ours),
                             {{"conv1/", "conv1/conv/"},
                              {"conv2/", "conv2/conv/"},
                              {"conv3/", "conv3/conv/"},
                              {"conv4/", "residual_conv/conv/"},
                              {"bn1/", "conv1/bn/"},
                              {"bn2/", "conv2/bn/"},
                              {"bn3/", "conv3/bn/"},
                              {"bn4/", "residual_conv/bn/"}});
}
std::string ToTorchvision(const std::string& ours) {
  const std::string name =
      absl::StrReplaceAll(ToChainer(ours), {{"res2/", "layer1."},
                                            {"res3/", "layer2."},
                                            {"res4/", "layer3."},
                                            {"res5/", "layer4."},
                                            {"conv4", "downsample.0"},
                                            {"bn4", "downsample.1"}});
  return absl::StrReplaceAll(name, {{".a/", ".0."},
                                    {".b1/", ".1."},
                                    {"/W", ".weight"},
                                    {"/gamma", ".weight"},
                                    {"/beta", ".bias"},
                                    {"/avg_", ".running_"}});
}

Tensors Renamed(const Tensors& ours,
                const std::function<std::string(const std::string&)>& rename) {
  Tensors theirs;
  for (const auto& [name, tensor] : ours) theirs[rename(name)] = tensor;
  EXPECT_EQ(theirs.size(), ours.size());
  return theirs;
}

constexpr char kStem[] = "extractor/res1/conv1/W";
constexpr char kStemMean[] = "extractor/res1/bn1/avg_mean";

void ExpectEqualBut(const Tensors& got, const Tensors& want,
                    const std::vector<std::string>& but) {
  ASSERT_EQ(got.size(), want.size());
  for (const auto& [name, tensor] : want) {
    ASSERT_EQ(got.count(name), 1u) << name;
    if (std::count(but.begin(), but.end(), name) != 0) continue;
    EXPECT_TRUE(AllEqual(got.at(name), tensor)) << name;
  }
}

// The stem's batch norm, up to its scale, at one place inside a picture.
double StemAt(const Tensors& tensors, int64_t channel,
              const std::function<double(int c, int64_t i)>& pixel) {
  const Tensor& w = tensors.at(kStem);
  double sum = -tensors.at(kStemMean).data<float>()[channel];
  for (int c = 0; c < 3; ++c) {
    for (int64_t i = 0; i < 49; ++i) {
      sum += w.data<float>()[(channel * 3 + c) * 49 + i] * pixel(c, i);
    }
  }
  return sum;
}

double Rgb(int c, int64_t i) { return (37 * i + 91 * c + i * i) % 256; }

TEST(ImportBackbone, NamesOfThePublishedFiles) {
  EXPECT_EQ(ToTorchvision("extractor/res3/res3_a/conv4/W"),
            "layer2.0.downsample.0.weight");
  EXPECT_EQ(ToTorchvision("extractor/res3/res3_a/bn4/avg_var"),
            "layer2.0.downsample.1.running_var");
  EXPECT_EQ(ToTorchvision("extractor/res5/res5_b1/bn2/beta"),
            "layer4.1.bn2.bias");
  EXPECT_EQ(ToTorchvision(kStem), "conv1.weight");
  EXPECT_EQ(ToChainer("extractor/res4/res4_a/bn4/gamma"), "res4/a/bn4/gamma");
  EXPECT_EQ(ToChainer(kStemMean), "bn1/avg_mean");
  EXPECT_EQ(ToChainercv("extractor/res2/res2_a/conv4/W"),
            "res2/a/residual_conv/conv/W");
  EXPECT_EQ(ToChainercv("extractor/res3/res3_b1/bn2/gamma"),
            "res3/b1/conv2/bn/gamma");
  EXPECT_EQ(ToChainercv(kStemMean), "conv1/bn/avg_mean");
}

TEST(ImportBackbone, ChainercvIsRgbAlready) {
  const Tensors ours = BackboneOf(Mini());
  Tensors theirs = Renamed(ours, ToChainercv);
  theirs["fc6/W"] = Tensor::Zeros({10, 128});
  theirs["conv1/bn/N"] = Tensor::Zeros({}, DType::kI32);
  EXPECT_EQ(BackboneNamingOf(theirs), BackboneNaming::kChainercv);
  const auto got = ImportBackbone(theirs, Mini(), "file");
  ASSERT_TRUE(got.ok()) << got.status();
  ExpectEqualBut(got->tensors, ours, {});
  EXPECT_THAT(got->ignored, ElementsAre("conv1/bn/N", "fc6/W"));
}

TEST(ImportBackbone, ChainerIsTurnedFromBgrAndItsBiasFolded) {
  const Tensors ours = BackboneOf(Mini());
  Tensors theirs = Renamed(ours, ToChainer);
  const float bias[] = {0.5f, -1, 2, 0};
  theirs["conv1/b"] = Tensor::FromSpan(Shape{4}, absl::Span<const float>(bias));
  EXPECT_EQ(BackboneNamingOf(theirs), BackboneNaming::kChainer);
  const auto got = ImportBackbone(theirs, Mini(), "file");
  ASSERT_TRUE(got.ok()) << got.status();
  ExpectEqualBut(got->tensors, ours, {kStem, kStemMean});
  const auto mean = Mini().input().mean();
  for (int64_t o = 0; o < 4; ++o) {
    const double want =
        StemAt(ours, o,
               [&](int c, int64_t i) {
                 return Rgb(2 - c, i) - mean[2 - c];  // what chainer feeds it
               }) +
        bias[o];
    const double is = StemAt(
        got->tensors, o, [&](int c, int64_t i) { return Rgb(c, i) - mean[c]; });
    EXPECT_NEAR(is, want, 1e-5 * std::abs(want) + 1e-4);
  }
}

TEST(ImportBackbone, TorchvisionsInputIsFolded) {
  const Tensors ours = BackboneOf(Mini());
  Tensors theirs = Renamed(ours, ToTorchvision);
  theirs["fc.weight"] = Tensor::Zeros({10, 128});
  theirs["fc.bias"] = Tensor::Zeros({10});
  theirs["bn1.num_batches_tracked"] = Tensor::Zeros({}, DType::kI64);
  EXPECT_EQ(BackboneNamingOf(theirs), BackboneNaming::kTorchvision);
  const auto got = ImportBackbone(theirs, Mini(), "file");
  ASSERT_TRUE(got.ok()) << got.status();
  std::vector<std::string> changed = {kStem, kStemMean};
  // Their epsilon is 1e-5, of projections ours is 2e-5.
  for (const auto& [name, tensor] : ours) {
    if (!absl::EndsWith(name, "/bn4/avg_var")) continue;
    changed.push_back(name);
    EXPECT_NEAR(got->tensors.at(name).data<float>()[0],
                tensor.data<float>()[0] - 1e-5, 1e-6);
  }
  EXPECT_EQ(changed.size(), 2 + 4);
  ExpectEqualBut(got->tensors, ours, changed);
  EXPECT_THAT(got->ignored,
              ElementsAre("bn1.num_batches_tracked", "fc.bias", "fc.weight"));
  EXPECT_THAT(got->note, HasSubstr("3x3"));
  const double m[] = {0.485, 0.456, 0.406}, s[] = {0.229, 0.224, 0.225};
  const auto mean = Mini().input().mean();
  for (int64_t o = 0; o < 4; ++o) {
    const double want = StemAt(ours, o, [&](int c, int64_t i) {
      return (Rgb(c, i) / 255 - m[c]) / s[c];
    });
    const double is = StemAt(
        got->tensors, o, [&](int c, int64_t i) { return Rgb(c, i) - mean[c]; });
    EXPECT_NEAR(is, want, 1e-5 * std::abs(want) + 1e-5);
  }
  // The file's own tensors stay as they are.
  EXPECT_TRUE(AllEqual(theirs["conv1.weight"], ours.at(kStem)));
}

TEST(ImportBackbone, WhatDoesNotFitIsNamedByTheFilesNames) {
  Tensors theirs = Renamed(BackboneOf(Mini()), ToTorchvision);
  theirs.erase("layer2.1.bn3.running_var");
  theirs["layer3.0.conv9.weight"] = Tensor::Zeros({16, 64, 1, 1});
  theirs["bn1.bias"] = Tensor::Zeros({5});
  theirs["layer1.0.conv1.weight"] = Tensor::Zeros({4, 4, 1, 1}, DType::kBF16);
  const auto got = ImportBackbone(theirs, Mini(), "some.safetensors");
  EXPECT_THAT(std::string(got.status().message()),
              AllOf(HasSubstr("some.safetensors"), HasSubstr("torchvision"),
                    HasSubstr("1 missing: layer2.1.bn3.running_var"),
                    HasSubstr("bn1.bias is f32 5, expected f32 4"),
                    HasSubstr("layer1.0.conv1.weight is bf16"),
                    HasSubstr("1 unknown: layer3.0.conv9.weight")));
}

TEST(ImportBackbone, OtherFilesAreNoBackbones) {
  const auto got = ImportBackbone({}, Mini(), "some.npz");
  EXPECT_THAT(got.status().ToString(), HasSubstr("some.npz: no ResNet"));
}

}  // namespace
}  // namespace fcis::model
