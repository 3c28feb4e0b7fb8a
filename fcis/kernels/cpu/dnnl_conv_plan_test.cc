#include "fcis/kernels/cpu/dnnl_conv_plan.h"

#include "absl/strings/match.h"
#include "dnnl.hpp"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/cpu/dnnl_api.h"
#include "fcis/kernels/cpu/dnnl_layout.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

ConvPlan Plan(const Shape& weight, int stride, DType compute, ConvPass pass,
              bool winograd = true) {
  ConvSetup setup;
  setup.params.stride = stride;
  setup.params.pad = static_cast<int>(weight.dim(2) / 2);
  setup.pads = {setup.params.pad, setup.params.pad};
  setup.weight = weight;
  setup.x = {2, 12, 15, weight.dim(1)};
  setup.y = *ops::InferConvShape(setup.params, setup.x, weight);
  setup.layout = Layout::kBackend;
  setup.compute = setup.output = compute;
  if (pass == ConvPass::kForward) setup.residual = ResidualPlace::kApart;
  setup.trained = true;
  setup.winograd = winograd;
  return MakeConvPlan(setup, pass, dnnl::engine(dnnl::engine::kind::cpu, 0));
}

TEST(ConvPlanTest, LayoutsAreThoseOfTheMaps) {
  for (const ConvPass pass :
       {ConvPass::kForward, ConvPass::kData, ConvPass::kWeights}) {
    const ConvPlan plan = Plan({32, 16, 3, 3}, 1, DType::kF32, pass);
    EXPECT_EQ(plan.src, FeatureDesc({2, 12, 15, 16}, DType::kF32));
    EXPECT_EQ(plan.dst, FeatureDesc({2, 12, 15, 32}, DType::kF32));
    EXPECT_TRUE(IsBlocked(plan.weights, dnnl::memory::data_type::f32));
    EXPECT_FALSE(plan.products.has_value());
  }
}

// Where they are faster: see FitsProduct.
TEST(ConvPlanTest, ProductsForSmallKernelsInBf16) {
  if (!HasIsa(dnnl::cpu_isa::avx512_core)) {
    GTEST_SKIP() << "oneDNN has no bf16 on this CPU";
  }
  const bool here = HasIsa(dnnl::cpu_isa::avx512_core_bf16);
  const auto by_products = [](const Shape& weight, int stride, DType type) {
    return Plan(weight, stride, type, ConvPass::kWeights).products.has_value();
  };
  for (const int stride : {1, 2}) {
    EXPECT_EQ(by_products({40, 24, 1, 1}, stride, DType::kBF16), here);
    EXPECT_FALSE(by_products({40, 24, 1, 1}, stride, DType::kF32));
    EXPECT_FALSE(by_products({40, 24, 3, 3}, stride, DType::kBF16));
  }
}

TEST(ConvPlanTest, WinogradWhereItIsAllowed) {
  for (const ConvPass pass :
       {ConvPass::kForward, ConvPass::kData, ConvPass::kWeights}) {
    for (const bool allowed : {false, true}) {
      const ConvPlan plan = Plan({32, 16, 3, 3}, 1, DType::kF32, pass, allowed);
      const char* name = nullptr;
      ASSERT_EQ(dnnl_primitive_desc_query(plan.primitive.get_primitive_desc(),
                                          dnnl_query_impl_info_str, 0, &name),
                dnnl_success);
      // oneDNN's adds no residual.
      EXPECT_EQ(absl::StrContains(name, "wino"),
                kDnnlHasWinograd && allowed && pass != ConvPass::kForward &&
                    HasIsa(dnnl::cpu_isa::avx512_core))
          << name;
    }
  }
}

TEST(ConvPlanTest, ImpossibleSizesThrow) {
  ConvSetup setup;
  setup.weight = {8, 4, 1, 1};
  setup.x = {1, 5, 5, 4};
  setup.y = {1, 7, 5, 8};
  EXPECT_THROW(MakeConvPlan(setup, ConvPass::kForward,
                            dnnl::engine(dnnl::engine::kind::cpu, 0)),
               dnnl::error);
}

}  // namespace
}  // namespace fcis::kernels
