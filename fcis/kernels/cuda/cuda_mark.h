// A point on a stream.
#ifndef FCIS_KERNELS_CUDA_CUDA_MARK_H_
#define FCIS_KERNELS_CUDA_CUDA_MARK_H_

#include <cuda_runtime_api.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

// Reached when everything that was launched on the stream before is done.
class CudaMark {
 public:
  CudaMark() = default;
  ~CudaMark() {
    if (event_ != nullptr) cudaEventDestroy(event_);
  }
  CudaMark(const CudaMark&) = delete;
  CudaMark& operator=(const CudaMark&) = delete;

  absl::Status Set(cudaStream_t stream) {
    if (event_ == nullptr) {
      RETURN_IF_ERROR(ToStatus(
          cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "event"));
    }
    return ToStatus(cudaEventRecord(event_, stream), "event");
  }

  // What follows; after a Set.
  absl::Status HoldBack(cudaStream_t stream) {
    return ToStatus(cudaStreamWaitEvent(stream, event_, 0), "event");
  }
  absl::StatusOr<bool> Reached() {
    const cudaError_t state = cudaEventQuery(event_);
    if (state == cudaErrorNotReady) return false;
    RETURN_IF_ERROR(ToStatus(state, "computing"));
    return true;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_MARK_H_
