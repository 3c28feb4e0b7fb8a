// Whether each process of a job computes on a GPU of its own, which NCCL needs.
#ifndef FCIS_KERNELS_CUDA_OWN_GPU_H_
#define FCIS_KERNELS_CUDA_OWN_GPU_H_

#include <array>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "fcis/core/comm/communicator.h"

namespace fcis::kernels {
namespace cuda {

// Of no two GPUs the same, on whatever machine.
using GpuId = std::array<unsigned char, 16>;

// Called by all processes, with the GPU that each computes on. Errors:
// FailedPrecondition, in all of them, with the ranks that share a GPU.
absl::Status CheckOwnGpu(Communicator* job, const GpuId& gpu);

// What is found then.
absl::Status CheckOwnGpus(absl::Span<const GpuId> by_rank);

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_OWN_GPU_H_
