// One GPU's stream and memory: what BodyOps (body_ops.h) runs on. Everything
// is in the order of the one stream; only Read and ToHost wait.
#ifndef FCIS_KERNELS_CUDA_CUDA_EXECUTOR_H_
#define FCIS_KERNELS_CUDA_CUDA_EXECUTOR_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/arena.h"
#include "fcis/kernels/cuda/cuda_recording.h"
#include "fcis/kernels/cuda/cuda_staging.h"
#include "fcis/kernels/cuda/cuda_stream.h"

namespace fcis::kernels {
namespace cuda {

class CudaExecutor {
 public:
  using Recording = CudaRecording;

  // The first visible GPU; of processes that mpiexec started on one machine,
  // each the next one. Errors: Unavailable, with the reason in one line, when
  // there is no driver or no GPU.
  static absl::StatusOr<std::unique_ptr<CudaExecutor>> Create();
  CudaExecutor(const CudaExecutor&) = delete;
  CudaExecutor& operator=(const CudaExecutor&) = delete;

  cudaStream_t stream() const { return stream_->get(); }

  // A launch over `count` indices; in .cu files that include launch.cuh.
  template <typename Body>
  absl::Status Run(const Body& body, int64_t count);

  // From the stream-ordered pool, which keeps what is given back.
  absl::StatusOr<std::shared_ptr<void>> NewMemory(int64_t bytes);
  // What Allocate takes from, until it is null again.
  void UseArena(Arena* arena) { arena_ = arena; }
  absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type);
  // u64; by cub, in cuda_sort.cu.
  absl::StatusOr<Tensor> SortedDescending(const Tensor& keys);
  // Copies between memory of the GPU and the host's (cuda_staging.h); not while
  // recording.
  absl::Status Read(const void* from, int64_t bytes, void* host);
  absl::Status Write(const void* host, int64_t bytes, void* to);
  // As a CUDA graph.
  absl::Status StartRecording();
  absl::StatusOr<std::unique_ptr<Recording>> FinishRecording();
  absl::Status Launch(const Recording& recording);
  // By NCCL (nccl_sums.h); type: f32 or bf16.
  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      DType type);
  // Itself if it is there.
  absl::StatusOr<Tensor> ToDevice(const Tensor& t);
  // Waits for what was launched before.
  absl::StatusOr<Tensor> ToHost(const Tensor& t);

 private:
  CudaExecutor(int device, std::shared_ptr<CudaStream> stream)
      : device_(device), stream_(std::move(stream)), staging_(stream_->get()) {}
  // Before every call: which GPU is current is a matter of the thread.
  absl::Status Use() const;
  absl::Status CheckNotRecording() const;

  const int device_;
  // Tensors may outlive the executor, and go back to the pool on its stream.
  const std::shared_ptr<CudaStream> stream_;
  CudaStaging staging_;
  Arena* arena_ = nullptr;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_EXECUTOR_H_
