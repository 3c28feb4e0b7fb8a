// A convolution at one size as graphs of cuDNN's: forward with all that follows
// it, and back. Operands are of ConvProblem::held, sums and what follows them
// f32, and each result is rounded once. Needs no GPU.
#ifndef FCIS_KERNELS_CUDA_CUDNN_CONV_GRAPH_H_
#define FCIS_KERNELS_CUDA_CUDNN_CONV_GRAPH_H_

#include <cudnn.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/cudnn_graph.h"
#include "fcis/kernels/device/device_convs.h"

namespace fcis::kernels {
namespace cuda {

// Finalized operations.
struct ConvGraph {
  std::vector<GraphNode> nodes;  // all that `operations` refer to
  std::vector<cudnnBackendDescriptor_t> operations;
};

// The tensors in memory. A gradient has the id of what it is the gradient of.
enum ConvTensorId : int64_t { kX = 1, kW, kBias, kResidual, kY };

// relu?(conv(x, w) + bias + residual?). bias: f32; output: f32 or the operand's
// type, which a residual has, too.
absl::StatusOr<ConvGraph> MakeFusedConvGraph(const ConvProblem& problem,
                                             DType output, bool residual);

// The gradient of kX or of kW, of the operand's type, from the other one and
// that of y. (cuDNN writes the sums for w as f32 only from kernels that it
// compiles while it runs, for each size anew; this one it has.)
absl::StatusOr<ConvGraph> MakeGradientGraph(const ConvProblem& problem,
                                            ConvTensorId of);

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDNN_CONV_GRAPH_H_
