// Launches that were recorded from a stream, to be launched as one.
#ifndef FCIS_KERNELS_CUDA_CUDA_RECORDING_H_
#define FCIS_KERNELS_CUDA_CUDA_RECORDING_H_

#include <cuda_runtime_api.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fcis::kernels {
namespace cuda {

class CudaRecording {
 public:
  // Takes the graph over, in any case. Errors: the GPU cannot repeat it.
  static absl::StatusOr<std::unique_ptr<CudaRecording>> Create(
      cudaGraph_t graph);
  ~CudaRecording();
  CudaRecording(const CudaRecording&) = delete;
  CudaRecording& operator=(const CudaRecording&) = delete;

  // Reads and writes the memory that it was recorded with. Does not wait.
  absl::Status Launch(cudaStream_t stream) const;

 private:
  explicit CudaRecording(cudaGraphExec_t exec) : exec_(exec) {}

  const cudaGraphExec_t exec_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_RECORDING_H_
