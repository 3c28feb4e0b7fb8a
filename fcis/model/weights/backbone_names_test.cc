#include "fcis/model/weights/backbone_names.h"

#include "gtest/gtest.h"

namespace fcis::model {
namespace {

TEST(NameInBackbone, IsTheirs) {
  const std::string projection = "extractor/res3/res3_a/bn4/avg_var";
  EXPECT_EQ(NameInBackbone(BackboneNaming::kTorchvision, projection),
            "layer2.0.downsample.1.running_var");
  EXPECT_EQ(NameInBackbone(BackboneNaming::kChainer, projection),
            "res3/a/bn4/avg_var");
  EXPECT_EQ(NameInBackbone(BackboneNaming::kChainercv, projection),
            "res3/a/residual_conv/bn/avg_var");
  EXPECT_EQ(NameInBackbone(BackboneNaming::kNone, projection), projection);
  EXPECT_EQ(NameInBackbone(BackboneNaming::kTorchvision,
                           "extractor/res4/res4_b22/conv2/W"),
            "layer3.22.conv2.weight");
}

TEST(BackboneNamingOf, StemAndFirstBlockTell) {
  EXPECT_EQ(BackboneNamingOf({}), BackboneNaming::kNone);
  // The first convolution alone is that of many networks.
  EXPECT_EQ(BackboneNamingOf({{"conv1.weight", Tensor()}}),
            BackboneNaming::kNone);
  EXPECT_EQ(BackboneNamingOf({{"conv1.weight", Tensor()},
                              {"layer1.0.conv2.weight", Tensor()}}),
            BackboneNaming::kTorchvision);
  EXPECT_EQ(
      BackboneNamingOf({{"conv1/W", Tensor()}, {"res2/a/conv2/W", Tensor()}}),
      BackboneNaming::kChainer);
  EXPECT_EQ(BackboneNamingOf({{"conv1/conv/W", Tensor()},
                              {"res2/a/conv2/conv/W", Tensor()}}),
            BackboneNaming::kChainercv);
  EXPECT_EQ(BackboneNamingOf({{"extractor/res1/conv1/W", Tensor()},
                              {"extractor/res2/res2_a/conv2/W", Tensor()}}),
            BackboneNaming::kNone);
}

TEST(BackboneNamingName, IsForMessages) {
  EXPECT_EQ(BackboneNamingName(BackboneNaming::kTorchvision), "torchvision");
  EXPECT_EQ(BackboneNamingName(BackboneNaming::kNone), "this project");
}

}  // namespace
}  // namespace fcis::model
