#include "fcis/model/weights/backbone_kind.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using Tensors = std::map<std::string, Tensor>;

// Kernels of torchvision's models.resnet*, never touched.
Tensors Torchvision(const std::vector<int>& blocks, bool basic, int64_t width,
                    int64_t inner, int64_t groups) {
  Tensors tensors = {{"conv1.weight", Tensor({width, 3, 7, 7})}};
  int64_t in = width;
  for (size_t s = 0; s < blocks.size(); ++s) {
    const int64_t mid = inner << s;
    const int64_t out = basic ? mid : 4 * (width << s);
    const int64_t kernel = basic ? 3 : 1;
    for (int b = 0; b < blocks[s]; ++b, in = out) {
      const std::string block = absl::StrCat("layer", s + 1, ".", b);
      tensors[block + ".conv1.weight"] = Tensor({mid, in, kernel, kernel});
      tensors[block + ".conv2.weight"] = Tensor({mid, mid / groups, 3, 3});
      if (!basic) tensors[block + ".conv3.weight"] = Tensor({out, mid, 1, 1});
    }
  }
  return tensors;
}

std::string NameOf(const Tensors& tensors) {
  return BackboneKindName(
      BackboneKindOf(tensors, BackboneNaming::kTorchvision));
}

TEST(BackboneKind, IsNamed) {
  EXPECT_EQ(NameOf(Torchvision({2, 2, 2, 2}, true, 64, 64, 1)),
            "ResNet-18 (basic blocks)");
  EXPECT_EQ(NameOf(Torchvision({3, 4, 6, 3}, true, 64, 64, 1)),
            "ResNet-34 (basic blocks)");
  EXPECT_EQ(NameOf(Torchvision({3, 4, 6, 3}, false, 64, 64, 1)), "ResNet-50");
  EXPECT_EQ(NameOf(Torchvision({3, 8, 36, 3}, false, 64, 64, 1)), "ResNet-152");
  EXPECT_EQ(NameOf(Torchvision({1, 2, 1, 2}, false, 32, 32, 1)),
            "ResNet of 1, 2, 1, 2 bottlenecks, 32 channels wide");
  EXPECT_EQ(NameOf(Torchvision({3, 4, 6, 3}, false, 64, 128, 1)),
            "ResNet-50, with blocks of 128 channels");
  EXPECT_EQ(NameOf(Torchvision({3, 4, 23, 3}, false, 64, 256, 32)),
            "ResNet-101, with grouped convolutions (ResNeXt)");
}

TEST(BackboneKind, OfAConfig) {
  EXPECT_EQ(
      BackboneKindName(BackboneKindOf(Preset("resnet101_coco")->backbone())),
      "ResNet-101");
  // A whole stem before blocks of half the width.
  EXPECT_EQ(BackboneKindName(BackboneKindOf(Preset("photos")->backbone())),
            "ResNet-50, with blocks of 32 channels");
}

std::string Misfit(const Tensors& tensors, BackboneNaming naming,
                   const ModelConfig& config) {
  return std::string(
      CheckBackboneKind(tensors, naming, config, "file").message());
}

TEST(CheckBackboneKind, Case64NamesBothAndTheFirstKernelThatIsMissing) {
  ModelConfig config = *Preset("resnet101_coco");
  config.set_name("m");
  const BackboneNaming torchvision = BackboneNaming::kTorchvision;
  EXPECT_EQ(
      Misfit(Torchvision({2, 2, 2, 2}, true, 64, 64, 1), torchvision, config),
      "file: this is a ResNet-18 (basic blocks) with the names of "
      "torchvision; the model 'm' wants a ResNet-101; it lacks "
      "layer1.0.conv3.weight");
  EXPECT_EQ(
      Misfit(Torchvision({3, 4, 6, 3}, false, 64, 64, 1), torchvision, config),
      "file: this is a ResNet-50 with the names of torchvision; the "
      "model 'm' wants a ResNet-101; it lacks layer3.6.conv1.weight");
  EXPECT_EQ(Misfit(Torchvision({3, 4, 23, 3}, false, 64, 128, 1), torchvision,
                   config),
            "file: this is a ResNet-101, with blocks of 128 channels with the "
            "names of torchvision; the model 'm' wants a ResNet-101; "
            "layer1.0.conv1.weight is 128x64x1x1, expected 64x64x1x1");
  EXPECT_EQ(
      Misfit(Torchvision({3, 4, 23, 3}, false, 64, 64, 1), torchvision, config),
      "");
}

TEST(CheckBackboneKind, OfThisProjectsNames) {
  const ModelConfig mini = *Preset("parity_mini");
  const Tensors tensors = DeterministicWeights(mini, 1).tensors;
  EXPECT_EQ(Misfit(tensors, BackboneNaming::kNone, mini), "");
  ModelConfig thick_stem = mini;
  thick_stem.mutable_backbone()->set_stem_width(8);
  EXPECT_EQ(Misfit(DeterministicWeights(thick_stem, 1).tensors,
                   BackboneNaming::kNone, thick_stem),
            "");
  ModelConfig wider = mini;
  wider.mutable_backbone()->set_width(8);
  EXPECT_TRUE(absl::StrContains(Misfit(tensors, BackboneNaming::kNone, wider),
                                "this is a ResNet of 1, 2, 1, 2 bottlenecks, "
                                "4 channels wide with the names of this "
                                "project"))
      << Misfit(tensors, BackboneNaming::kNone, wider);
}

}  // namespace
}  // namespace fcis::model
