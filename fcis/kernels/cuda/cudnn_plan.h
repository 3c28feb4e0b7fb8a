// How cuDNN computes a graph on one kind of GPU: the engine that it is told to
// take, with its workspace.
#ifndef FCIS_KERNELS_CUDA_CUDNN_PLAN_H_
#define FCIS_KERNELS_CUDA_CUDNN_PLAN_H_

#include <cudnn.h>

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/kernels/cuda/cuda_device.h"
#include "fcis/kernels/cuda/cudnn_conv_graph.h"
#include "fcis/kernels/cuda/cudnn_graph.h"

namespace fcis::kernels {
namespace cuda {

// More is not taken for a workspace: at the network's sizes the fast engines
// need less.
constexpr int64_t kMaxConvWorkspace = int64_t{512} << 20;

// The GPU that a plan is for: a handle's, or, where there is none, the one that
// a node CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR describes. Such a plan does not
// run.
struct PlanTarget {
  cudnnHandle_t handle = nullptr;
  const GraphNode* properties = nullptr;
};

// Where a tensor of the graph is.
struct TensorPlace {
  int64_t id;
  const void* memory;
};

// Kernels that cuDNN compiled while it ran, for plans of one graph at any size
// of its maps: a second each, and then nothing. Empty at first.
using KernelCache = std::unique_ptr<GraphNode>;

// Which engines a plan may take.
struct PlanChoice {
  // Sums have the same bits every time; else where cuDNN has such an engine.
  bool fixed_order = false;
  // Tensor cores may multiply: operands have 16 bits, or may lose what TF32
  // does not hold.
  bool tensor_cores = true;
  // Null for graphs that need no compiling.
  KernelCache* kernels = nullptr;
};

class CudnnPlan {
 public:
  // The first engine of those that cuDNN ranks that multiplies the operands as
  // they are and sums the products in f32 (no FFT, no Winograd), within
  // kMaxConvWorkspace. Errors: Unimplemented, there is none for this graph and
  // GPU.
  static absl::StatusOr<std::unique_ptr<CudnnPlan>> Create(
      const PlanTarget& target, ConvGraph graph, const PlanChoice& choice);

  // `places`: of all tensors that are not virtual.
  absl::Status Run(cudnnHandle_t handle, CudaDevice* device,
                   absl::Span<const TensorPlace> places);

  int64_t workspace_bytes() const { return workspace_; }

 private:
  CudnnPlan(ConvGraph graph, GraphNode operations, GraphNode plan,
            int64_t workspace);

  const ConvGraph graph_;
  const GraphNode operations_, plan_;
  const int64_t workspace_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDNN_PLAN_H_
