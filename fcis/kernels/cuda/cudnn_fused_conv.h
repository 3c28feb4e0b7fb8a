// relu?(conv(x, w) + bias + residual?) at one size in one launch, as a cuDNN
// graph: bf16 operands, sums and all that follows in f32, rounded once.
#ifndef FCIS_KERNELS_CUDA_CUDNN_FUSED_CONV_H_
#define FCIS_KERNELS_CUDA_CUDNN_FUSED_CONV_H_

#include <cudnn.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/conv_problem.h"
#include "fcis/kernels/cuda/cuda_executor.h"
#include "fcis/kernels/cuda/cudnn_graph.h"

namespace fcis {
namespace cuda {

// The operations of the graph, finalized; needs no GPU.
struct FusedConvGraph {
  std::vector<GraphNode> nodes;  // all that `operations` refer to
  std::vector<cudnnBackendDescriptor_t> operations;
};
// output: f32 or bf16, which a residual has, too.
absl::StatusOr<FusedConvGraph> MakeFusedConvGraph(const ConvProblem& problem,
                                                  DType output, bool residual);

class CudnnFusedConv {
 public:
  // Errors: no engine of cuDNN's computes this on this GPU, with the same bits
  // every time, exact products and a workspace up to kMaxConvWorkspace.
  static absl::StatusOr<std::unique_ptr<CudnnFusedConv>> Create(
      cudnnHandle_t handle, const ConvProblem& problem, DType output,
      bool residual);

  // x, w: bf16; bias: f32; residual (null unless created with) and y: of the
  // output's type. y gets other memory where it shares the residual's.
  absl::Status Run(cudnnHandle_t handle, CudaExecutor* executor,
                   const Tensor& x, const Tensor& w, const Tensor& bias,
                   const Tensor* residual, Tensor* y);

 private:
  CudnnFusedConv(FusedConvGraph graph, GraphNode operations, GraphNode plan,
                 int64_t workspace);

  const FusedConvGraph graph_;
  const GraphNode operations_, plan_;
  const int64_t workspace_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_CUDNN_FUSED_CONV_H_
