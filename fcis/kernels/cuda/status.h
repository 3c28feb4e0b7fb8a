// What the CUDA runtime and cuDNN say, as absl::Status.
#ifndef FCIS_KERNELS_CUDA_STATUS_H_
#define FCIS_KERNELS_CUDA_STATUS_H_

#include <cuda_runtime_api.h>
#include <cudnn.h>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace fcis::kernels {
namespace cuda {

// `doing`: "kernel launch". ResourceExhausted for lack of memory, else
// Internal.
absl::Status ToStatus(cudaError_t error, absl::string_view doing);
absl::Status ToStatus(cudnnStatus_t status, absl::string_view doing);

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_STATUS_H_
