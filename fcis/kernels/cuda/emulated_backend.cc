#include "fcis/kernels/cuda/emulated_backend.h"

#include "absl/memory/memory.h"
#include "fcis/kernels/cuda/body_backend.h"
#include "fcis/kernels/cuda/body_train_backend.h"
#include "fcis/kernels/cuda/emulated_engine.h"
#include "fcis/kernels/cuda/emulated_executor.h"

namespace fcis {
namespace {

using Emulated =
    cuda::BodyBackend<cuda::EmulatedExecutor, cuda::EmulatedEngine>;
using EmulatedTrain =
    cuda::BodyTrainBackend<cuda::EmulatedExecutor, cuda::EmulatedEngine>;

std::unique_ptr<Emulated> Make(DType activation_type) {
  return absl::make_unique<Emulated>(
      "emulated", absl::make_unique<cuda::EmulatedExecutor>(),
      absl::make_unique<cuda::EmulatedEngine>(), activation_type);
}

}  // namespace

std::unique_ptr<Backend> MakeEmulatedBackend(DType activation_type) {
  return Make(activation_type);
}

std::unique_ptr<TrainBackend> MakeEmulatedTrainBackend(DType activation_type) {
  return absl::make_unique<EmulatedTrain>(Make(activation_type));
}

}  // namespace fcis
