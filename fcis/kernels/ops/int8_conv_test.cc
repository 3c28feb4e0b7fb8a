#include "fcis/kernels/ops/int8_conv.h"

#include <cmath>
#include <limits>
#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/ref/ref_backend.h"
#include "fcis/kernels/testing/backends.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

using ::testing::HasSubstr;

class Int8ConvOpTest : public ::testing::Test {
 protected:
  Int8ConvOpTest() : backend_(MakeRefBackend(DType::kF32, /*int8=*/true)) {
    params_.x = {DType::kU8, 0.5f};
    weights_ = {Tensor::Zeros({2, 1, 1, 1}, DType::kI8), Tensor(Shape{2}),
                Tensor::Zeros({2})};
    weights_.elements.mutable_data<int8_t>()[0] = 3;
    weights_.elements.mutable_data<int8_t>()[1] = -3;
    for (float& s : weights_.scale.mutable_span<float>()) s = 0.25f;
    weights_.bias.mutable_data<float>()[1] = 2;
    x_.mutable_data<uint8_t>()[0] = 8;
  }

  absl::StatusOr<Tensor> Run(absl::optional<Tensor> residual = {}) {
    ASSIGN_OR_RETURN(const auto conv,
                     ops::PrepareInt8Conv(*backend_, params_, weights_));
    return ops::Int8Conv(*backend_, *conv, x_, std::move(residual));
  }
  void ExpectError(const char* text) {
    EXPECT_THAT(std::string(Run().status().message()), HasSubstr(text));
  }

  const std::unique_ptr<Backend> backend_;
  Int8ConvParams params_;
  Int8Weights weights_;
  Tensor x_{Shape{1, 1, 1, 1}, DType::kU8};
};

// 8 of 0.5 by 3 of 0.25: 3, and -3 + 2.
TEST_F(Int8ConvOpTest, MultipliesValues) {
  const Tensor y = *Run();
  EXPECT_EQ(y.data<float>()[0], 3);
  EXPECT_EQ(y.data<float>()[1], -1);
}

TEST_F(Int8ConvOpTest, CodesAfterSumAndRelu) {
  params_.conv.relu = true;
  params_.residual = {DType::kI8, 0.125f};
  params_.y = {DType::kU8, 0.5f};
  Tensor residual(Shape{1, 1, 1, 2}, DType::kI8);
  residual.mutable_data<int8_t>()[0] = 4;    // 0.5
  residual.mutable_data<int8_t>()[1] = -16;  // -2
  const Tensor y = *Run(residual);
  EXPECT_EQ(y.data<uint8_t>()[0], 7);
  EXPECT_EQ(y.data<uint8_t>()[1], 0);
}

TEST_F(Int8ConvOpTest, TakesOverTheMemoryOfAResidual) {
  params_.residual = params_.y.emplace(Int8Code{DType::kU8, 1});
  Tensor residual = Tensor::Zeros({1, 1, 1, 2}, DType::kU8);
  const void* const memory = residual.raw();
  EXPECT_NE(Run(residual)->raw(), memory);
  EXPECT_EQ(residual.data<uint8_t>()[0], 0);
  EXPECT_EQ(Run(std::move(residual))->raw(), memory);
}

TEST_F(Int8ConvOpTest, RefusesBadScales) {
  float* const scale = weights_.scale.mutable_data<float>();
  for (const float bad :
       {0.0f, -1.0f, std::nanf(""), std::numeric_limits<float>::infinity()}) {
    scale[1] = bad;
    ExpectError("output channel 1");
  }
  scale[1] = 1;
  params_.x.scale = 0;
  ExpectError("input of type u8 and scale 0");
}

TEST_F(Int8ConvOpTest, RefusesWrongTypesAndShapes) {
  x_ = Tensor::Zeros({1, 1, 1, 1});
  ExpectError("input f32");
  weights_.scale = Tensor(Shape{3});
  ExpectError("expected f32 2");
  weights_.elements = Tensor::Zeros({2, 1, 1, 1});
  ExpectError("expected i8");
  params_.residual = {DType::kU8, 1};
  ExpectError("a residual");
  params_.x.type = DType::kF32;
  ExpectError("input of type f32");
}

TEST(Int8Conv, NotEveryBackendHasIt) {
  const auto backend = MakeTestBackend("emulated");
  EXPECT_FALSE(backend->computes_int8());
  EXPECT_TRUE(absl::IsUnimplemented(
      backend->PrepareInt8Conv(Int8ConvParams(), Int8Weights()).status()));
}

}  // namespace
}  // namespace fcis::kernels
