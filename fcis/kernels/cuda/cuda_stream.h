// A stream of a GPU, its memory, and the recording of what is launched on it.
#ifndef FCIS_KERNELS_CUDA_CUDA_STREAM_H_
#define FCIS_KERNELS_CUDA_CUDA_STREAM_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/kernels/cuda/cuda_recording.h"

namespace fcis::kernels {
namespace cuda {

// Owned by a shared_ptr: memory may outlive whoever asked for it.
class CudaStream : public std::enable_shared_from_this<CudaStream> {
 public:
  // On the current GPU.
  static absl::StatusOr<std::shared_ptr<CudaStream>> Create();
  ~CudaStream();
  CudaStream(const CudaStream&) = delete;
  CudaStream& operator=(const CudaStream&) = delete;

  cudaStream_t get() const { return stream_; }

  // From the stream-ordered pool, which keeps what is given back; by any
  // thread, at any time. Not while recording: the memory would be the graph's.
  absl::StatusOr<std::shared_ptr<void>> Allocate(int64_t bytes);

  // Launches in between, by this thread, are kept and not run.
  bool recording() const { return recording_; }
  absl::Status StartRecording();
  absl::StatusOr<std::unique_ptr<CudaRecording>> FinishRecording();

 private:
  explicit CudaStream(cudaStream_t stream) : stream_(stream) {}
  void Free(void* memory);

  const cudaStream_t stream_;
  std::mutex mutex_;  // guards what follows against those who give back
  bool recording_ = false;
  // Given back while recording, which must not see it.
  std::vector<void*> to_free_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_STREAM_H_
