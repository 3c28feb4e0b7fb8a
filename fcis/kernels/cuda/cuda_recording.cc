#include "fcis/kernels/cuda/cuda_recording.h"

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

absl::StatusOr<std::unique_ptr<CudaRecording>> CudaRecording::Create(
    cudaGraph_t graph) {
  cudaGraphExec_t exec = nullptr;
  const cudaError_t made = cudaGraphInstantiateWithFlags(&exec, graph, 0);
  cudaGraphDestroy(graph);
  RETURN_IF_ERROR(ToStatus(made, "recording"));
  return absl::WrapUnique(new CudaRecording(exec));
}

CudaRecording::~CudaRecording() { cudaGraphExecDestroy(exec_); }

absl::Status CudaRecording::Launch(cudaStream_t stream) const {
  return ToStatus(cudaGraphLaunch(exec_, stream), "launch of a recording");
}

}  // namespace cuda
}  // namespace fcis::kernels
