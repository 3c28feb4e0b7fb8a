#include "fcis/kernels/ref/ref_train_backend.h"

#include <utility>

#include "fcis/kernels/bodies/body_train_backend.h"
#include "fcis/kernels/bodies/host_executor.h"
#include "fcis/kernels/train/host_parameter_math.h"

namespace fcis::kernels {

std::unique_ptr<TrainBackend> MakeRefTrainBackend(
    std::unique_ptr<Backend> forward) {
  return std::make_unique<cuda::BodyTrainBackend<cuda::HostExecutor>>(
      std::move(forward), cuda::HostExecutor::Shared(),
      std::make_unique<HostParameterMath>());
}

}  // namespace fcis::kernels
