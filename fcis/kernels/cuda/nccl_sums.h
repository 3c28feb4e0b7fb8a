// Sums over the GPUs of a job's processes, by NCCL, on a stream beside the one
// that computes: a sum waits for what was launched before it, and runs while
// later launches compute.
#ifndef FCIS_KERNELS_CUDA_NCCL_SUMS_H_
#define FCIS_KERNELS_CUDA_NCCL_SUMS_H_

#include <cuda_runtime_api.h>

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {
namespace cuda {

// A collective that makes no progress for so long is given up: a process has
// died, or runs something else.
constexpr absl::Duration kNcclTimeout = absl::Minutes(5);

// Called by all processes, each of which has a GPU of its own; the current one.
// `job` carries NCCL's unique id and is not used afterwards; `compute` outlives
// the sums. Errors: FailedPrecondition where processes share a GPU;
// NCCL's, also those of other processes that it learns of; DeadlineExceeded for
// a hang. After an error the communicator is aborted, and every call fails.
// type: f32 or bf16, which every partial sum is rounded to (it has f32's range:
// no overflow).
absl::StatusOr<std::unique_ptr<AllReduce>> MakeNcclSums(
    Communicator* job, cudaStream_t compute, DType type,
    absl::Duration timeout = kNcclTimeout);

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_NCCL_SUMS_H_
