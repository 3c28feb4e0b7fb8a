#include "fcis/kernels/map_type.h"

#include "fcis/kernels/bf16.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

constexpr DType kTypes[] = {DType::kF32, DType::kBF16, DType::kF16};

TEST(MapTypeTest, CallsWithTheTypesElements) {
  for (const DType type : kTypes) {
    EXPECT_EQ(WithMapType(type,
                          [](auto t) {
                            return DTypeOf<MapElement<decltype(t)>>::value;
                          }),
              type);
    if (type == DType::kF32) continue;
    EXPECT_EQ(WithNarrowType(type,
                             [](auto t) {
                               return DTypeOf<MapElement<decltype(t)>>::value;
                             }),
              type);
  }
}

TEST(MapTypeDeathTest, OtherTypesAreNone) {
  const auto size = [](auto t) { return sizeof(MapElement<decltype(t)>); };
  EXPECT_DEATH(WithMapType(DType::kI32, size), "not a narrow type");
  EXPECT_DEATH(WithNarrowType(DType::kF32, size), "not a narrow type");
}

// 1 + u is halfway to the next number and rounds back to 1, more does not.
TEST(MapTypeTest, UnitRoundoffIsWhereRoundingTurns) {
  for (const DType type : kTypes) {
    WithMapType(type, [type](auto t) {
      MapElement<decltype(t)> to;
      const double u = UnitRoundoff(type);
      StoreF32(static_cast<float>(1 + u), &to);
      EXPECT_EQ(LoadF32(to), 1) << DTypeName(type);
      StoreF32(static_cast<float>(1 + 1.5 * u), &to);
      EXPECT_EQ(LoadF32(to), 1 + 2 * u) << DTypeName(type);
    });
  }
}

TEST(MapTypeTest, AsF32KeepsNumbers) {
  const Tensor wide = Tensor::FromSpan<float>({2}, {1.5f, -2});
  EXPECT_EQ(AsF32(wide).raw(), wide.raw());
  for (const Tensor& narrow :
       {Tensor::FromSpan<uint16_t>({2}, {ToBf16(1.5f), ToBf16(-2)}),
        Tensor::FromSpan<Half>({2}, {ToF16(1.5f), ToF16(-2)})}) {
    EXPECT_EQ(AsF32(narrow).span<float>(), wide.span<float>());
  }
}

}  // namespace
}  // namespace fcis::kernels
