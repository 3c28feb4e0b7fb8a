#include "fcis/model/weights/quantization.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "fcis/model/weights/weights_digest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

constexpr char kLayer[] = "head/psroi_conv1";

// The first layer of the head in 8 bits, and what it reads.
class QuantizationTest : public ::testing::Test {
 protected:
  QuantizationTest()
      : weights_(DeterministicWeights(*Preset("parity_mini"), 3)),
        topology_(TopologyOf(weights_.config)),
        path_(absl::StrCat(::testing::TempDir(), "/int8.safetensors")) {
    const std::string name = absl::StrCat(kLayer, "/W");
    const Shape shape = weights_.tensors.at(name).shape();
    Int8Kernel& kernel = weights_.int8.kernels[kLayer];
    kernel = {Tensor(shape, DType::kI8), Tensor({shape.dim(0)})};
    int8_t next = -127;
    for (int8_t& v : kernel.elements.mutable_span<int8_t>()) v = next++;
    for (float& v : kernel.scale.mutable_span<float>()) v = 0.01f;
    weights_.tensors[name] = KernelValues(kernel);
    for (const ConvSpec& layer : topology_.layers) {
      if (layer.name == kLayer) map_ = MapName(topology_, layer.source);
    }
    weights_.int8.maps[map_] = 0.5f;
    weights_.int8.loss = 0.031f;
  }

  absl::StatusOr<Weights> Saved() {
    RETURN_IF_ERROR(SaveWeights(path_, weights_));
    return LoadWeights(path_);
  }
  // Of the file without, or with another, tensor.
  std::string ErrorWith(const std::string& name, const Tensor* tensor) {
    EXPECT_TRUE(SaveWeights(path_, weights_).ok());
    Safetensors file = *ReadSafetensors(path_);
    if (tensor == nullptr) {
      EXPECT_EQ(file.tensors.erase(name), 1u) << name;
    } else {
      file.tensors[name] = *tensor;
    }
    return std::string(
        WeightsOf(std::move(file), "the file").status().message());
  }

  Weights weights_;
  const Topology topology_;
  const std::string path_;
  std::string map_;
};

TEST_F(QuantizationTest, AFileHoldsIt) {
  const auto got = Saved();
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->int8.loss, 0.031f);
  ASSERT_EQ(got->int8.kernels.size(), 1u);
  const Int8Kernel& kernel = got->int8.kernels.at(kLayer);
  const Int8Kernel& want = weights_.int8.kernels.at(kLayer);
  EXPECT_TRUE(AllEqual(kernel.elements, want.elements));
  EXPECT_TRUE(AllEqual(kernel.scale, want.scale));
  EXPECT_EQ(got->int8.maps, weights_.int8.maps);
  EXPECT_TRUE(AllEqual(got->tensors.at(absl::StrCat(kLayer, "/W")),
                       KernelValues(want)));
  EXPECT_EQ(got->tensors.size(), weights_.tensors.size());
  const auto tensors = *ReadTensors(path_);
  EXPECT_EQ(tensors.at(absl::StrCat(kLayer, "/W")).type(), DType::kI8);
  EXPECT_EQ(tensors.at("rpn/conv1/W").type(), DType::kBF16);
}

TEST_F(QuantizationTest, WithoutItNothingChanges) {
  weights_.int8 = Quantization();
  const auto got = Saved();
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_TRUE(got->int8.empty());
  EXPECT_EQ(ReadTensors(path_)->at("rpn/conv1/W").type(), DType::kF32);
}

TEST_F(QuantizationTest, RoundedKernelsDropIt) {
  EXPECT_TRUE(WithBf16Kernels(weights_).int8.empty());
}

TEST_F(QuantizationTest, CountsInTheDigest) {
  const std::string before = WeightsDigest(weights_);
  weights_.int8.maps[map_] = 0.25f;
  EXPECT_NE(WeightsDigest(weights_), before);
  weights_.int8 = Quantization();
  EXPECT_NE(WeightsDigest(weights_), before);
}

TEST_F(QuantizationTest, RefusesMissingAndWrongScales) {
  const std::string scale = absl::StrCat(kLayer, "/W_scale");
  const std::string map_scale = absl::StrCat(map_, "/map_scale");
  EXPECT_THAT(ErrorWith(scale, nullptr),
              HasSubstr(absl::StrCat("the file: ", kLayer, "/W is i8, but ",
                                     scale, " is missing")));
  EXPECT_THAT(ErrorWith(map_scale, nullptr),
              HasSubstr(absl::StrCat(map_scale, " is missing")));
  const Tensor zeros =
      Tensor::Zeros(weights_.int8.kernels.at(kLayer).scale.shape());
  EXPECT_THAT(ErrorWith(scale, &zeros), HasSubstr("holds 0"));
  const Tensor two = Tensor::Zeros({2});
  EXPECT_THAT(ErrorWith(map_scale, &two), HasSubstr("expected f32 1"));
}

TEST_F(QuantizationTest, RefusesWhatFitsNoLayer) {
  Tensor one(Shape{1});
  one.mutable_data<float>()[0] = 1;
  EXPECT_THAT(ErrorWith("nowhere/map_scale", &one),
              HasSubstr("nowhere/map_scale belongs to no map"));
  // An output of the network.
  EXPECT_THAT(ErrorWith("rpn/loc/map_scale", &one),
              HasSubstr("rpn/loc/map_scale belongs to no map"));
  const Tensor kernel = Tensor::Zeros({1, 2, 3, 3}, DType::kI8);
  EXPECT_THAT(ErrorWith("rpn/loc/W", &kernel),
              HasSubstr("rpn/loc/W_scale is missing"));
  const Tensor none = Tensor::Zeros({0, 2, 3, 3}, DType::kI8);
  EXPECT_THAT(ErrorWith(absl::StrCat(kLayer, "/W"), &none),
              HasSubstr("expected a convolution's kernel"));
  // Scales alone are unknown tensors.
  EXPECT_THAT(ErrorWith("rpn/loc/W_scale", &one), HasSubstr("rpn/loc/W_scale"));
}

TEST(MapCode, IsUnsignedBehindARelu) {
  const Topology topology = TopologyOf(*Preset("parity_mini"));
  EXPECT_EQ(MapCode(topology, ConvSpec::kPicture, 1).type, DType::kI8);
  for (size_t i = 0; i < topology.layers.size(); ++i) {
    EXPECT_EQ(MapCode(topology, static_cast<int>(i), 1).type,
              topology.layers[i].params.relu ? DType::kU8 : DType::kI8);
  }
}

}  // namespace
}  // namespace fcis::model
