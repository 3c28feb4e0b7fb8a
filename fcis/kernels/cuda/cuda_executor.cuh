// CudaExecutor::Run, for .cu files.
#ifndef FCIS_KERNELS_CUDA_CUDA_EXECUTOR_CUH_
#define FCIS_KERNELS_CUDA_CUDA_EXECUTOR_CUH_

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/cuda_executor.h"
#include "fcis/kernels/cuda/launch.cuh"

namespace fcis::kernels {
namespace cuda {

template <typename Body>
absl::Status CudaExecutor::Run(const Body& body, int64_t count) {
  RETURN_IF_ERROR(Use());
  return cuda::Launch(body, count, stream());
}

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_EXECUTOR_CUH_
