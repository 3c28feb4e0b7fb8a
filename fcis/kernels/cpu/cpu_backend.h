// The CPU backend: oneDNN convolutions, own vectorised loops for the rest.
#ifndef FCIS_KERNELS_CPU_CPU_BACKEND_H_
#define FCIS_KERNELS_CPU_CPU_BACKEND_H_

#include <memory>

#include "absl/status/statusor.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {

// activation_type: f32 or bf16. Errors: bf16 on a CPU for which oneDNN has no
// bf16 convolutions (AVX-512 is needed; without AVX512_BF16 it is emulated and
// slower than f32).
// int8: networks with weights of 8 bits are computed with them, never: they are
// not; wanted: where the CPU can (CpuHasInt8), required: an error where it
// cannot.
enum class CpuInt8 { kNever, kWanted, kRequired };
absl::StatusOr<std::unique_ptr<Backend>> MakeCpuBackend(
    DType activation_type, CpuInt8 int8 = CpuInt8::kNever,
    ConvAlgorithm algorithm = ConvAlgorithm::kDirect);

// True where the CPU multiplies bf16 in hardware (AVX512_BF16 or AMX).
bool CpuHasNativeBf16();

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_CPU_BACKEND_H_
