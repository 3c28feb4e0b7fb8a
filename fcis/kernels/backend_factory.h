// Backends by name.
#ifndef FCIS_KERNELS_BACKEND_FACTORY_H_
#define FCIS_KERNELS_BACKEND_FACTORY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {

enum class Precision {
  kAuto,  // bf16 where the device multiplies it in hardware, else f32; int8, if
          // the network is quantised, on a CPU with AVX512_VNNI
  kF32,
  kTF32,  // cuda: f32 maps, whose 11 leading bits are multiplied
  kBF16,  // emulated, and slower than f32, on a CPU that has only AVX-512
  kF16,   // cuda: finer than bf16, but nothing beyond 65504
  kInt8,  // cpu, ref: of networks quantised to it; the rest as kAuto
};

// "auto", "f32", "tf32", "bf16", "fp16", "int8"; anything else is an error that
// lists them.
absl::StatusOr<Precision> ParsePrecision(absl::string_view name);

// "auto", "direct", "winograd", likewise.
absl::StatusOr<ConvAlgorithm> ParseConvAlgorithm(absl::string_view name);

// The type of the feature maps of the backend `name` (cpu, cuda, ref). Errors:
// Unimplemented for a precision that it does not have.
absl::StatusOr<DType> MapTypeOf(absl::string_view name, Precision precision);

// name:
//   cpu        oneDNN and vectorised loops
//   cuda       the first GPU: cuDNN and own kernels
//   ref        plain loops, slow: the oracle of the others
//   check:A,B  runs both and returns A's results; the first tensor that
//              diverges is an error (fcis/kernels/check/check_backend.h)
// Errors: an unknown name (the message lists the known ones), "cuda" in a
// build without it (Unimplemented) or on a machine without a GPU (Unavailable),
// a precision that the device does not have (Unimplemented). The oracle of
// check:A,ref takes A's fp16. algorithm: of cpu, also as the tested one.
absl::StatusOr<std::unique_ptr<Backend>> MakeBackend(
    absl::string_view name, Precision precision,
    ConvAlgorithm algorithm = ConvAlgorithm::kDirect);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BACKEND_FACTORY_H_
