#include "fcis/kernels/cpu/dnnl_conv_plan.h"

#include "dnnl.hpp"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

ConvPlan Plan(const Shape& weight, int stride, bool residual, DType compute) {
  ConvParams params;
  params.stride = stride;
  params.pad = weight.dim(2) / 2;
  const Shape x = {2, 12, 15, weight.dim(1)};
  const Shape y = *ops::InferConvShape(params, x, weight);
  return MakeConvPlan(params, weight, x, y, residual, compute,
                      dnnl::engine(dnnl::engine::kind::cpu, 0));
}

TEST(ConvPlanTest, LayoutsAreThoseOfTheMaps) {
  const ConvPlan plan = Plan({32, 16, 3, 3}, 1, true, DType::kF32);
  EXPECT_EQ(plan.src, FeatureDesc({2, 12, 15, 16}, DType::kF32));
  EXPECT_EQ(plan.dst, FeatureDesc({2, 12, 15, 32}, DType::kF32));
  EXPECT_EQ(plan.weights_gradient.data.data_type, dnnl_f32);
  EXPECT_FALSE(plan.products.has_value());
}

// Where they are faster: see FitsProduct.
TEST(ConvPlanTest, ProductsForSmallKernelsInBf16) {
  if (!HasIsa(dnnl::cpu_isa::avx512_core)) {
    GTEST_SKIP() << "oneDNN has no bf16 on this CPU";
  }
  const bool here = HasIsa(dnnl::cpu_isa::avx512_core_bf16) &&
                    !HasIsa(dnnl::cpu_isa::avx512_core_amx);
  const Shape small = {40, 24, 1, 1};
  for (const int stride : {1, 2}) {
    EXPECT_EQ(Plan(small, stride, false, DType::kBF16).products.has_value(),
              here);
    EXPECT_FALSE(Plan(small, stride, false, DType::kF32).products.has_value());
    EXPECT_FALSE(
        Plan({40, 24, 3, 3}, stride, false, DType::kBF16).products.has_value());
  }
}

TEST(ConvPlanTest, ImpossibleSizesThrow) {
  EXPECT_THROW(MakeConvPlan(ConvParams(), {8, 4, 1, 1}, {1, 5, 5, 4},
                            {1, 7, 5, 8}, false, DType::kF32,
                            dnnl::engine(dnnl::engine::kind::cpu, 0)),
               dnnl::error);
}

}  // namespace
}  // namespace fcis
