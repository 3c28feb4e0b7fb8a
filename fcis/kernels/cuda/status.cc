#include "fcis/kernels/cuda/status.h"

#include "absl/strings/str_cat.h"

namespace fcis::kernels {
namespace cuda {

absl::Status ToStatus(cudaError_t error, absl::string_view doing) {
  if (error == cudaSuccess) return absl::OkStatus();
  cudaGetLastError();  // or the next launch would be blamed for it
  const std::string text =
      absl::StrCat("CUDA, ", doing, ": ", cudaGetErrorString(error));
  return error == cudaErrorMemoryAllocation ? absl::ResourceExhaustedError(text)
                                            : absl::InternalError(text);
}

absl::Status ToStatus(cudnnStatus_t status, absl::string_view doing) {
  if (status == CUDNN_STATUS_SUCCESS) return absl::OkStatus();
  const std::string text =
      absl::StrCat("cuDNN, ", doing, ": ", cudnnGetErrorString(status));
  return status == CUDNN_STATUS_ALLOC_FAILED
             ? absl::ResourceExhaustedError(text)
             : absl::InternalError(text);
}

}  // namespace cuda
}  // namespace fcis::kernels
