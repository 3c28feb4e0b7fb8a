#include "fcis/kernels/backend_factory.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/check/check_backend.h"
#include "fcis/kernels/cpu/cpu_backend.h"
#include "fcis/kernels/ref/ref_backend.h"

#if defined(FCIS_CUDA)
#include "fcis/kernels/cuda/cuda_backend.h"
#endif

namespace fcis {
namespace {

DType ActivationType(absl::string_view name, Precision precision) {
  switch (precision) {
    case Precision::kF32:
      return DType::kF32;
    case Precision::kBF16:
      return DType::kBF16;
    case Precision::kAuto:
      break;
  }
  const bool native = name == "cuda" || (name == "cpu" && CpuHasNativeBf16());
  return native ? DType::kBF16 : DType::kF32;
}

absl::StatusOr<std::unique_ptr<Backend>> MakeSingle(absl::string_view name,
                                                    DType type) {
  if (name == "cpu") return MakeCpuBackend(type);
  if (name == "ref") return MakeRefBackend(type);
  if (name == "cuda") {
#if defined(FCIS_CUDA)
    return MakeCudaBackend(type);
#else
    return absl::UnimplementedError(
        "the cuda backend is not compiled into this program "
        "(bazel build --config=cuda)");
#endif
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown backend '", name,
                   "', expected cpu, ref, or check:A,B of two of them"));
}

}  // namespace

absl::StatusOr<Precision> ParsePrecision(absl::string_view name) {
  if (name == "auto") return Precision::kAuto;
  if (name == "f32") return Precision::kF32;
  if (name == "bf16") return Precision::kBF16;
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown precision '", name, "', expected auto, f32 or bf16"));
}

absl::StatusOr<std::unique_ptr<Backend>> MakeBackend(absl::string_view name,
                                                     Precision precision) {
  absl::string_view pair = name;
  if (!absl::ConsumePrefix(&pair, "check:")) {
    return MakeSingle(name, ActivationType(name, precision));
  }
  const std::vector<std::string> names = absl::StrSplit(pair, ',');
  if (names.size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "backend '", name, "', expected two names, as in check:cpu,ref"));
  }
  const DType type = ActivationType(names[0], precision);
  ASSIGN_OR_RETURN(std::unique_ptr<Backend> tested, MakeSingle(names[0], type));
  ASSIGN_OR_RETURN(std::unique_ptr<Backend> oracle, MakeSingle(names[1], type));
  return MakeCheckBackend(std::move(tested), std::move(oracle));
}

}  // namespace fcis
