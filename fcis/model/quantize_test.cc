#include "fcis/model/quantize.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using ::testing::HasSubstr;

class QuantizeTest : public ::testing::Test {
 protected:
  QuantizeTest()
      : weights_(DeterministicWeights(*Preset("parity_mini"), 5)),
        backend_(kernels::MakeRefBackend(DType::kF32, /*int8=*/true)) {
    options_.pictures = 3;
    options_.loss_pictures = 2;
    options_.progress = [this](absl::string_view, int, int) { ++told_; };
  }

  static absl::StatusOr<Tensor> Picture(int i) {
    Tensor picture =
        kernels::RandomTensor(absl::StrCat("p", i), {1, 48, 64, 3});
    for (float& v : picture.mutable_span<float>()) v *= 120;
    return picture;
  }
  absl::StatusOr<QuantizedModel> Run() {
    return Quantize(weights_, options_, Picture, backend_.get());
  }
  static int64_t InInt8(const QuantizedModel& model) {
    return std::count_if(model.layers.begin(), model.layers.end(),
                         [](const QuantizedLayer& l) { return l.int8; });
  }

  Weights weights_;
  QuantizeOptions options_;
  const std::unique_ptr<kernels::Backend> backend_;
  int told_ = 0;
};

TEST_F(QuantizeTest, WithoutALimitAllLayersAreIn8Bits) {
  options_.max_loss = 1e9;
  const auto model = Run();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_TRUE(CheckWeights(model->weights).ok());
  const size_t layers = TopologyOf(weights_.config).layers.size();
  ASSERT_EQ(model->layers.size(), layers);
  EXPECT_EQ(model->weights.int8.kernels.size(), layers);
  EXPECT_EQ(told_, 3 + static_cast<int>(layers));
  EXPECT_GT(model->loss, 0);
  EXPECT_LT(model->loss, 0.3);
  double share = 0;
  for (const QuantizedLayer& layer : model->layers) {
    EXPECT_TRUE(layer.int8) << layer.name;
    EXPECT_LE(layer.clip, layer.largest) << layer.name;
    EXPECT_LT(layer.map_error, 0.1) << layer.name;
    EXPECT_LT(layer.kernel_error, 0.05) << layer.name;
    share += layer.share;
  }
  EXPECT_NEAR(share, 1, 1e-9);
}

TEST_F(QuantizeTest, TheLimitDecidesHowManyStayFloats) {
  options_.max_loss = 0;
  const auto none = Run();
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(InInt8(*none), 0);
  EXPECT_TRUE(none->weights.int8.empty());
  EXPECT_EQ(none->loss, 0);
  double squares = 0;
  for (const QuantizedLayer& layer : none->layers) {
    squares += layer.loss * layer.loss;
  }
  options_.max_loss = std::sqrt(squares) / 2;
  const auto some = Run();
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_GT(InInt8(*some), 0);
  EXPECT_LT(InInt8(*some), static_cast<int64_t>(some->layers.size()));
  EXPECT_TRUE(CheckWeights(some->weights).ok());
}

TEST_F(QuantizeTest, WithoutLossesAllLayersAreIn8Bits) {
  options_.loss_pictures = 0;
  options_.max_loss = 0;
  const auto model = Run();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(InInt8(*model), static_cast<int64_t>(model->layers.size()));
  EXPECT_FALSE(model->loss.has_value());
  EXPECT_EQ(told_, 3);
}

// A layer whose output is 0 everywhere, and one of a single kernel of zeros.
TEST_F(QuantizeTest, DeadLayersAreFine) {
  for (const char* name : {"rpn/conv1/W", "rpn/conv1/b"}) {
    Tensor& t = weights_.tensors.at(name);
    t = Tensor::Zeros(t.shape());
  }
  options_.max_loss = 1e9;
  const auto model = Run();
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->weights.int8.maps.at("rpn/conv1"), 1);
  EXPECT_TRUE(std::isfinite(model->loss.value()));
}

TEST_F(QuantizeTest, NamesALayerThatBreaks) {
  weights_.tensors.at("rpn/conv1/b").mutable_data<float>()[0] =
      std::numeric_limits<float>::infinity();
  EXPECT_THAT(std::string(Run().status().message()), HasSubstr("rpn/conv1"));
}

TEST_F(QuantizeTest, NeedsABackendWithInt8) {
  const auto plain = kernels::MakeRefBackend(DType::kF32);
  EXPECT_TRUE(absl::IsUnimplemented(
      Quantize(weights_, options_, Picture, plain.get()).status()));
}

}  // namespace
}  // namespace fcis::model
