// The graph as far as cuDNN checks it without a GPU: attributes, shapes and
// types of every operation.
#include "fcis/kernels/cuda/cudnn_fused_conv.h"

#include "fcis/kernels/backend.h"
#include "gtest/gtest.h"

namespace fcis {
namespace cuda {
namespace {

ConvProblem Problem(bool relu) {
  ConvProblem p;
  p.params.stride = 2;
  p.params.pad = 2;
  p.params.dilation = 2;
  p.params.relu = relu;
  p.weight = {32, 16, 3, 3};
  p.x = {2, 13, 17, 16};
  p.y = *ops::InferConvShape(p.params, p.x, p.weight);
  p.operand = DType::kBF16;
  return p;
}

TEST(CudnnFusedConvTest, CudnnTakesTheOperations) {
  for (const bool relu : {false, true}) {
    for (const bool residual : {false, true}) {
      for (const DType output : {DType::kF32, DType::kBF16}) {
        const auto graph = MakeFusedConvGraph(Problem(relu), output, residual);
        ASSERT_TRUE(graph.ok()) << graph.status();
        EXPECT_EQ(graph->operations.size(), 2u + relu + residual);
      }
    }
  }
}

TEST(CudnnFusedConvTest, WrongShapesAreErrors) {
  ConvProblem p = Problem(true);
  p.y = {2, 13, 17, 32};  // of stride 1
  EXPECT_FALSE(MakeFusedConvGraph(p, DType::kBF16, false).ok());
}

}  // namespace
}  // namespace cuda
}  // namespace fcis
