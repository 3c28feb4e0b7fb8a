#include "fcis/kernels/int8_map.h"

#include <cmath>
#include <limits>
#include <vector>

#include "fcis/core/testing/near.h"
#include "fcis/kernels/map_type.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

Tensor Row(const std::vector<float>& values) {
  return Tensor::FromSpan<float>({static_cast<int64_t>(values.size())}, values);
}

TEST(Int8Map, RoundsToTheNearestTiesToEven) {
  const Tensor coded =
      ToInt8(Row({0, 0.5f, 1.5f, 2.5f, 2.6f}), {DType::kU8, 1});
  EXPECT_TRUE(AllEqual(coded, Tensor::FromSpan<uint8_t>(
                                  {5}, std::vector<uint8_t>{0, 0, 2, 2, 3})));
}

TEST(Int8Map, SaturatesAtItsRange) {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = Row({-inf, -1000, -1, 1000, inf, std::nanf("")});
  EXPECT_TRUE(AllEqual(ToInt8(x, {DType::kU8, 0.5f}),
                       Tensor::FromSpan<uint8_t>(
                           {6}, std::vector<uint8_t>{0, 0, 0, 255, 255, 0})));
  EXPECT_TRUE(
      AllEqual(ToInt8(x, {DType::kI8, 0.5f}),
               Tensor::FromSpan<int8_t>(
                   {6}, std::vector<int8_t>{-128, -128, -2, 127, 127, -128})));
}

// Longer than a thread's piece; each element comes back within half a step.
TEST(Int8Map, ComesBackWithinHalfAStep) {
  constexpr float kScale = 0.03f;
  std::vector<float> values(100'003);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = kScale * 127 * std::sin(static_cast<float>(i));
  }
  const Tensor x = Row(values);
  for (const DType type : {DType::kF32, DType::kBF16, DType::kF16}) {
    const Tensor map = AsMapType(x, type);
    const Tensor coded = ToInt8(map, {DType::kI8, kScale});
    EXPECT_TRUE(AllNear(FromInt8(coded, kScale, DType::kF32), AsF32(map),
                        kScale * 0.5001));
    const Tensor back = FromInt8(coded, kScale, type);
    EXPECT_EQ(back.type(), type);
    EXPECT_TRUE(AllNear(AsF32(back), AsF32(map), kScale));
  }
}

TEST(Int8Map, TakesAnEmptyMap) {
  const Tensor coded = ToInt8(Tensor(Shape{0}), {DType::kU8, 1});
  EXPECT_EQ(coded.num_elements(), 0);
  EXPECT_EQ(FromInt8(coded, 1, DType::kBF16).num_elements(), 0);
}

}  // namespace
}  // namespace fcis::kernels
