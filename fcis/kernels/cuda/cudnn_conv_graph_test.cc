// The graphs as far as cuDNN checks them without a GPU: attributes, shapes and
// types of every operation.
#include "fcis/kernels/cuda/cudnn_conv_graph.h"

#include "fcis/kernels/backend.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

constexpr DType kTypes[] = {DType::kF32, DType::kBF16, DType::kF16};

ConvProblem Problem(DType operand, bool relu) {
  ConvProblem p;
  p.params.stride = 2;
  p.params.pad = 2;
  p.params.dilation = 2;
  p.params.relu = relu;
  p.weight = {32, 16, 3, 3};
  p.x = {2, 13, 17, 16};
  p.y = *ops::InferConvShape(p.params, p.x, p.weight);
  p.operand = p.held = operand;
  return p;
}

TEST(CudnnConvGraphTest, CudnnTakesTheForwardOperations) {
  for (const DType operand : kTypes) {
    for (const bool relu : {false, true}) {
      for (const bool residual : {false, true}) {
        for (const DType output : {DType::kF32, operand}) {
          const auto graph =
              MakeFusedConvGraph(Problem(operand, relu), output, residual);
          ASSERT_TRUE(graph.ok()) << graph.status();
          EXPECT_EQ(graph->operations.size(), 2u + relu + residual);
        }
      }
    }
  }
}

TEST(CudnnConvGraphTest, CudnnTakesTheBackwardOperations) {
  for (const DType operand : kTypes) {
    const auto of_x = MakeGradientGraph(Problem(operand, true), kX);
    ASSERT_TRUE(of_x.ok()) << of_x.status();
    EXPECT_EQ(of_x->operations.size(), 1u);
    const auto of_weight = MakeGradientGraph(Problem(operand, true), kW);
    ASSERT_TRUE(of_weight.ok()) << of_weight.status();
    EXPECT_EQ(of_weight->operations.size(), 1u);
  }
}

TEST(CudnnConvGraphTest, WrongShapesAreErrors) {
  ConvProblem p = Problem(DType::kBF16, true);
  p.y = {2, 13, 17, 32};  // of stride 1
  EXPECT_FALSE(MakeFusedConvGraph(p, DType::kBF16, false).ok());
  EXPECT_FALSE(MakeGradientGraph(p, kX).ok());
  EXPECT_FALSE(MakeGradientGraph(p, kW).ok());
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
