// Which algorithm a convolution runs by.
#ifndef FCIS_KERNELS_CPU_WINO_CHOICE_H_
#define FCIS_KERNELS_CPU_WINO_CHOICE_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/wino_conv.h"
#include "fcis/kernels/ops/conv.h"
#include "fcis/kernels/ops/int8_conv.h"

namespace fcis::kernels {

// Whether Winograd's algorithm is the faster one for a kernel O,I,3,3 that
// WinoConv or WinoInt8Conv fits, on maps N,H,W,I of a type. By these alone, as
// measured by conv_benchmark (docs/benchmarks.md), and not by a clock: a
// network then gives the same bits in every run and on any number of threads.
bool WinogradPays(DType maps, const Shape& weight, const Shape& x);

// Whether such a convolution, which one of them fits, is to run by it.
bool MeansWinograd(ConvAlgorithm algorithm, DType maps, const Shape& weight,
                   const Shape& x);

// Makes the direct convolution of such a kernel.
using MakeDirect = std::function<absl::StatusOr<std::unique_ptr<Convolution>>(
    const Tensor& weight)>;

// A convolution that WinoConv fits; thread-safe, if direct ones are. maps: the
// type that it computes in, f32 or bf16.
//
// kWinograd: Winograd's algorithm wherever it can be, which is without a
// residual and from maps of that type. kAuto: there, where it pays. Weights are
// kept in the order of the one in use, or in both orders where both are.
std::unique_ptr<Convolution> MakeWinoOrDirect(
    ConvAlgorithm algorithm, DType maps, const ConvParams& params,
    const Tensor& weight, const Tensor& bias, MakeDirect make_direct);

// The same of maps of 8 bits, that WinoInt8Conv fits: Winograd's algorithm, or
// `direct`, which takes rows of any picture.
std::unique_ptr<Int8Convolution> MakeWinoOrDirect(
    ConvAlgorithm algorithm, const Int8Weights& weights,
    std::unique_ptr<Int8Convolution> direct);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_WINO_CHOICE_H_
