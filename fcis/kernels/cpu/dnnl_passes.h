// The passes of one convolution of DnnlConvs (dnnl_conv.h), which outlives it.
#ifndef FCIS_KERNELS_CPU_DNNL_PASSES_H_
#define FCIS_KERNELS_CPU_DNNL_PASSES_H_

#include <memory>

#include "absl/types/span.h"
#include "dnnl.hpp"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cpu/dnnl_conv.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {

// Of weights that are set once.
std::unique_ptr<Convolution> MakePreparedPasses(DnnlConvs* convs,
                                                const ConvParams& params,
                                                const Tensor& weight,
                                                const Tensor& bias);

// Of weights that change, in a layout of f32 in which gradients come out.
// phases: 1, or the dilation that is done by phases. factors: as of
// ConvEngine::Make. Throws dnnl::error.
std::unique_ptr<TrainedConvolution> MakeTrainedPasses(
    DnnlConvs* convs, const ConvParams& params, int phases, const Shape& shape,
    const dnnl::memory::desc& stored, absl::Span<const float> factors);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_PASSES_H_
