// Runs the body of an op (launch.h) on a stream.
#ifndef FCIS_KERNELS_CUDA_LAUNCH_CUH_
#define FCIS_KERNELS_CUDA_LAUNCH_CUH_

#include <cuda_runtime.h>

#include <cstdint>

#include "absl/status/status.h"
#include "fcis/kernels/bodies/launch.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

template <typename Body>
__global__ void ForEach(const Body body, int64_t count, LaunchShape shape) {
  RunThread(body, count, shape, blockIdx.x, static_cast<int>(threadIdx.x));
}

// Does not wait. Pointers in the body are the device's. Errors: the launch.
template <typename Body>
absl::Status Launch(const Body& body, int64_t count, cudaStream_t stream) {
  const LaunchShape shape = ShapeFor(count);
  if (shape.blocks == 0) return absl::OkStatus();
  ForEach<<<static_cast<unsigned>(shape.blocks), shape.threads, 0, stream>>>(
      body, count, shape);
  return ToStatus(cudaGetLastError(), "kernel launch");
}

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_LAUNCH_CUH_
