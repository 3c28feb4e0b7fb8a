#include <memory>
#include <utility>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/body_parameter_math.h"
#include "fcis/kernels/bodies/body_train_backend.h"
#include "fcis/kernels/cuda/body_backend.h"
#include "fcis/kernels/cuda/cuda_backend.h"
#include "fcis/kernels/cuda/cuda_executor.cuh"
#include "fcis/kernels/cuda/cudnn_engine.h"

namespace fcis::kernels {
namespace {

using CudaBackend = cuda::BodyBackend<cuda::CudaExecutor, cuda::CudnnEngine>;

absl::StatusOr<std::unique_ptr<CudaBackend>> Make(DType activation_type,
                                                  bool tf32, bool records) {
  ASSIGN_OR_RETURN(auto executor, cuda::CudaExecutor::Create());
  ASSIGN_OR_RETURN(auto engine,
                   cuda::CudnnEngine::Create(executor.get(), tf32));
  return absl::make_unique<CudaBackend>(
      "cuda", std::move(executor), std::move(engine), activation_type, records);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Backend>> MakeCudaBackend(DType activation_type,
                                                         bool tf32,
                                                         bool records) {
  ASSIGN_OR_RETURN(std::unique_ptr<Backend> backend,
                   Make(activation_type, tf32, records));
  return backend;
}

absl::StatusOr<std::unique_ptr<TrainBackend>> MakeCudaTrainBackend(
    DType activation_type, bool tf32) {
  ASSIGN_OR_RETURN(auto forward, Make(activation_type, tf32, /*records=*/true));
  cuda::CudaExecutor* const executor = &forward->executor();
  return std::unique_ptr<TrainBackend>(
      absl::make_unique<cuda::BodyTrainBackend<cuda::CudaExecutor>>(
          std::move(forward), executor,
          absl::make_unique<cuda::BodyParameterMath<cuda::CudaExecutor>>(
              executor)));
}

}  // namespace fcis::kernels
