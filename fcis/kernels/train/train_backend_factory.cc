#include "fcis/kernels/train/train_backend_factory.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cpu/cpu_train_backend.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/train/host_parameter_math.h"

#if defined(FCIS_CUDA)
#include "fcis/kernels/cuda/cuda_backend.h"
#endif

namespace fcis::kernels {

absl::StatusOr<std::unique_ptr<TrainBackend>> MakeTrainBackend(
    absl::string_view name, Precision precision, ConvAlgorithm algorithm) {
  if (name == "cuda") {
#if defined(FCIS_CUDA)
    ASSIGN_OR_RETURN(const DType type, MapTypeOf(name, precision));
    return MakeCudaTrainBackend(type, precision == Precision::kTF32);
#else
    return MakeBackend(name, precision).status();
#endif
  }
  if (precision == Precision::kInt8) {
    return absl::UnimplementedError("nothing is trained in int8; use bf16");
  }
  if (name != "cpu" && name != "ref") {
    return absl::InvalidArgumentError(absl::StrCat(
        "no backend \"", name, "\" to train on; there are cpu, cuda and ref"));
  }
  if (name == "ref" && precision == Precision::kBF16) {
    return absl::UnimplementedError(
        "the backend ref trains in f32 only; use cpu for bf16");
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Backend> forward,
                   MakeBackend(name, precision, algorithm));
  if (name == "ref") {
    return std::make_unique<TrainBackend>(
        std::move(forward), HostDevice::Shared(),
        std::make_unique<HostParameterMath>());
  }
  return MakeCpuTrainBackend(std::move(forward));
}

}  // namespace fcis::kernels
