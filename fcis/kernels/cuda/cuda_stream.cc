#include "fcis/kernels/cuda/cuda_stream.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

absl::StatusOr<std::shared_ptr<CudaStream>> CudaStream::Create() {
  cudaStream_t stream;
  RETURN_IF_ERROR(ToStatus(
      cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "new stream"));
  return std::shared_ptr<CudaStream>(new CudaStream(stream));
}

CudaStream::~CudaStream() {
  // An error at the end was seen before by whoever waited for results.
  cudaStreamSynchronize(stream_);
  cudaStreamDestroy(stream_);
}

absl::StatusOr<std::shared_ptr<void>> CudaStream::Allocate(int64_t bytes) {
  if (recording_) {
    return absl::FailedPreconditionError("new memory cannot be recorded");
  }
  void* memory = nullptr;
  RETURN_IF_ERROR(ToStatus(cudaMallocAsync(&memory, bytes, stream_),
                           absl::StrCat("allocation of ", bytes, " bytes")));
  return std::shared_ptr<void>(
      memory, [self = shared_from_this()](void* p) { self->Free(p); });
}

void CudaStream::Free(void* memory) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (recording_) {
    to_free_.push_back(memory);
  } else {
    cudaFreeAsync(memory, stream_);
  }
}

absl::Status CudaStream::StartRecording() {
  const std::lock_guard<std::mutex> lock(mutex_);
  // Other threads may do what they like meanwhile.
  RETURN_IF_ERROR(ToStatus(
      cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal),
      "start of a recording"));
  recording_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<CudaRecording>> CudaStream::FinishRecording() {
  const std::lock_guard<std::mutex> lock(mutex_);
  cudaGraph_t graph = nullptr;
  const cudaError_t ended = cudaStreamEndCapture(stream_, &graph);
  recording_ = false;
  for (void* memory : to_free_) cudaFreeAsync(memory, stream_);
  to_free_.clear();
  RETURN_IF_ERROR(ToStatus(ended, "recording"));
  return CudaRecording::Create(graph);
}

}  // namespace cuda
}  // namespace fcis::kernels
