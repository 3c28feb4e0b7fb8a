// Copies between host memory and a GPU's by way of page-locked memory, from
// which the GPU reads by itself.
#ifndef FCIS_KERNELS_CUDA_CUDA_STAGING_H_
#define FCIS_KERNELS_CUDA_CUDA_STAGING_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "absl/status/status.h"
#include "fcis/kernels/cuda/cuda_mark.h"
#include "fcis/kernels/cuda/staging_blocks.h"

namespace fcis::kernels {
namespace cuda {

// Where no block is to be had (a machine may allow little page-locked memory),
// and for much at once from the GPU, the driver's own slower way is taken.
class CudaStaging {
 public:
  // The stream outlives it and is waited for at the end.
  explicit CudaStaging(cudaStream_t stream);
  ~CudaStaging();

  // Has read all of `host` when it returns, and does not wait for the stream.
  absl::Status Write(const void* host, int64_t bytes, void* to);
  // Waits, once, for what was launched before.
  absl::Status Read(const void* from, int64_t bytes, void* host);

 private:
  struct PageLocked {
    void* Allocate(int64_t bytes);
    void Free(void* memory);
  };
  using Blocks = StagingBlocks<PageLocked, CudaMark>;

  // Of at most Blocks::kLargest.
  absl::Status WritePart(const void* host, int64_t bytes, void* to);
  absl::Status Copy(const void* from, int64_t bytes, void* to,
                    cudaMemcpyKind kind);
  absl::Status Wait();

  const cudaStream_t stream_;
  Blocks blocks_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_STAGING_H_
