// Convolutions of maps of 8 bits, N,H,W,C, through oneDNN, by Winograd's
// algorithm or on AMX. See fcis/kernels/ops/int8_conv.h.
#ifndef FCIS_KERNELS_CPU_INT8_CONV_H_
#define FCIS_KERNELS_CPU_INT8_CONV_H_

#include <memory>

#include "absl/status/statusor.h"
#include "fcis/kernels/cpu/dnnl_context.h"
#include "fcis/kernels/ops/int8_conv.h"

namespace fcis::kernels {

// Whether this CPU multiplies int8 with sums of 32 bits (AVX512_VNNI, AMX).
// Without, oneDNN's sums of u8 products saturate at 16 bits.
bool CpuHasInt8();

// As Backend::PrepareInt8Conv. Without AMX the algorithm counts, as in f32
// (wino_choice.h). `context` outlives what is returned. The weights
// are kept beside their copy in the layout that oneDNN asks for: another size
// of input may want another.
absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareDnnlInt8Conv(
    const Int8ConvParams& params, const Int8Weights& weights,
    ConvAlgorithm algorithm, DnnlContext* context);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_INT8_CONV_H_
