#include "fcis/kernels/cuda/emulated_backend.h"

#include <utility>

#include "absl/memory/memory.h"
#include "fcis/kernels/bodies/body_parameter_math.h"
#include "fcis/kernels/bodies/body_train_backend.h"
#include "fcis/kernels/cuda/body_backend.h"
#include "fcis/kernels/cuda/emulated_engine.h"
#include "fcis/kernels/cuda/emulated_executor.h"

namespace fcis::kernels {
namespace {

using Emulated =
    cuda::BodyBackend<cuda::EmulatedExecutor, cuda::EmulatedEngine>;

std::unique_ptr<Emulated> Make(DType activation_type, bool records) {
  auto executor = absl::make_unique<cuda::EmulatedExecutor>();
  auto engine = absl::make_unique<cuda::EmulatedEngine>(executor.get());
  return absl::make_unique<Emulated>("emulated", std::move(executor),
                                     std::move(engine), activation_type,
                                     records);
}

}  // namespace

std::unique_ptr<Backend> MakeEmulatedBackend(DType activation_type,
                                             bool records) {
  return Make(activation_type, records);
}

std::unique_ptr<TrainBackend> MakeEmulatedTrainBackend(DType activation_type) {
  auto forward = Make(activation_type, /*records=*/true);
  cuda::EmulatedExecutor* const executor = &forward->executor();
  return absl::make_unique<cuda::BodyTrainBackend<cuda::EmulatedExecutor>>(
      std::move(forward), executor,
      absl::make_unique<cuda::BodyParameterMath<cuda::EmulatedExecutor>>(
          executor));
}

int64_t EmulatedWaits(Backend& backend) {
  return static_cast<Emulated&>(backend).executor().waits();
}

int64_t EmulatedRepeats(Backend& backend) {
  return static_cast<Emulated&>(backend).executor().repeats();
}

}  // namespace fcis::kernels
