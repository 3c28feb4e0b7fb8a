// The backend of one NVIDIA GPU: cuDNN for convolutions, kernels of our own for
// all else, NCCL between several (docs/gpu.md).
#ifndef FCIS_KERNELS_CUDA_CUDA_BACKEND_H_
#define FCIS_KERNELS_CUDA_CUDA_BACKEND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/train/train_backend.h"

namespace fcis::kernels {

// On the first visible GPU. activation_type: f32, bf16 or f16; tf32:
// convolutions of f32 maps multiply the leading 11 bits. Errors: Unavailable
// when there is no GPU.
absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(DType activation_type,
                                                         bool tf32);
absl::StatusOr<std::unique_ptr<TrainBackend>> MakeCudaTrainBackend(
    DType activation_type, bool tf32);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_BACKEND_H_
