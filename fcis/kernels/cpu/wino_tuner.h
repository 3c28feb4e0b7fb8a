// Which algorithm a convolution of inference runs by, measured where that is
// left open.
#ifndef FCIS_KERNELS_CPU_WINO_TUNER_H_
#define FCIS_KERNELS_CPU_WINO_TUNER_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/wino_conv.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Makes the direct convolution of such a kernel.
using MakeDirect = std::function<absl::StatusOr<std::unique_ptr<Convolution>>(
    const Tensor& weight)>;

// A convolution that WinoConv fits. `space` outlives it.
//
// kWinograd: Winograd's algorithm wherever it can be, which is without a
// residual, in row-major maps. kAuto: what is faster there. Where that is not
// known for these channels, outputs, dilation, number of threads and number of
// pixels, up to a factor of two, both run, on the arguments at hand, and the
// rest of the process knows. Weights are kept in the order of the one in use;
// beside a direct convolution the original ones stay.
std::unique_ptr<Convolution> MakeTunedConv(
    ConvAlgorithm algorithm, const ConvParams& params, const Tensor& weight,
    const Tensor& bias, MakeDirect make_direct, WinoSpace* space);

// Least seconds of three runs of each, by turns, after one of each.
struct TunedSeconds {
  double direct, winograd;
};
TunedSeconds TimeByTurns(const std::function<void()>& direct,
                         const std::function<void()>& winograd);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_TUNER_H_
