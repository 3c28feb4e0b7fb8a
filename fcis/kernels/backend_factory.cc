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

namespace fcis::kernels {
namespace {

CpuInt8 CpuInt8Of(Precision precision) {
  return precision == Precision::kAuto   ? CpuInt8::kWanted
         : precision == Precision::kInt8 ? CpuInt8::kRequired
                                         : CpuInt8::kNever;
}

absl::StatusOr<std::unique_ptr<Backend>> MakeSingle(
    absl::string_view name, Precision precision,
    ConvAlgorithm algorithm = ConvAlgorithm::kDirect) {
  ASSIGN_OR_RETURN(const DType type, MapTypeOf(name, precision));
  if (name == "cpu") {
    return MakeCpuBackend(type, CpuInt8Of(precision), algorithm);
  }
  if (name == "ref") return MakeRefBackend(type, precision == Precision::kInt8);
  if (name == "cuda") {
#if defined(FCIS_CUDA)
    return MakeCudaBackend(type, precision == Precision::kTF32);
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

absl::StatusOr<DType> MapTypeOf(absl::string_view name, Precision precision) {
  const bool cuda = name == "cuda";
  switch (precision) {
    case Precision::kF32:
      return DType::kF32;
    case Precision::kBF16:
      return DType::kBF16;
    case Precision::kTF32:
      if (cuda) return DType::kF32;
      return absl::UnimplementedError(absl::StrCat(
          "the backend ", name,
          " has no tf32, which cuda has; use f32, which is finer"));
    case Precision::kF16:
      if (cuda) return DType::kF16;
      return absl::UnimplementedError(
          absl::StrCat("the backend ", name,
                       " has no fp16, which cuda has; use f32 or bf16"));
    case Precision::kInt8:
      if (!cuda) break;
      return absl::UnimplementedError(
          "the backend cuda has no int8, which cpu has; use bf16 or fp16");
    case Precision::kAuto:
      break;
  }
  const bool native = cuda || (name == "cpu" && CpuHasNativeBf16());
  return native ? DType::kBF16 : DType::kF32;
}

absl::StatusOr<Precision> ParsePrecision(absl::string_view name) {
  if (name == "auto") return Precision::kAuto;
  if (name == "f32") return Precision::kF32;
  if (name == "tf32") return Precision::kTF32;
  if (name == "bf16") return Precision::kBF16;
  if (name == "fp16") return Precision::kF16;
  if (name == "int8") return Precision::kInt8;
  return absl::InvalidArgumentError(
      absl::StrCat("unknown precision '", name,
                   "', expected auto, f32, tf32, bf16, fp16 or int8"));
}

absl::StatusOr<ConvAlgorithm> ParseConvAlgorithm(absl::string_view name) {
  if (name == "auto") return ConvAlgorithm::kAuto;
  if (name == "direct") return ConvAlgorithm::kDirect;
  if (name == "winograd") return ConvAlgorithm::kWinograd;
  return absl::InvalidArgumentError(
      absl::StrCat("unknown algorithm of convolutions '", name,
                   "', expected auto, direct or winograd"));
}

absl::StatusOr<std::unique_ptr<Backend>> MakeBackend(absl::string_view name,
                                                     Precision precision,
                                                     ConvAlgorithm algorithm) {
  absl::string_view pair = name;
  if (!absl::ConsumePrefix(&pair, "check:")) {
    return MakeSingle(name, precision, algorithm);
  }
  const std::vector<std::string> names = absl::StrSplit(pair, ',');
  if (names.size() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "backend '", name, "', expected two names, as in check:cpu,ref"));
  }
  if (precision == Precision::kAuto) {  // both what it is for the first
    ASSIGN_OR_RETURN(const DType type, MapTypeOf(names[0], precision));
    precision = type == DType::kF32 ? Precision::kF32 : Precision::kBF16;
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Backend> tested,
                   MakeSingle(names[0], precision, algorithm));
  std::unique_ptr<Backend> oracle;
  if (names[1] == "ref") {  // the plain loops know every type of map
    oracle = MakeRefBackend(tested->activation_type(),
                            precision == Precision::kInt8);
  } else {
    ASSIGN_OR_RETURN(oracle, MakeSingle(names[1], precision));
  }
  if (oracle->activation_type() != tested->activation_type()) {
    return absl::UnimplementedError(
        absl::StrCat("the backend ", name, " has maps of two types"));
  }
  return MakeCheckBackend(std::move(tested), std::move(oracle));
}

}  // namespace fcis::kernels
