// Layouts of tensors in oneDNN's terms.
#ifndef FCIS_KERNELS_CPU_DNNL_LAYOUT_H_
#define FCIS_KERNELS_CPU_DNNL_LAYOUT_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "dnnl.hpp"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/output_factors.h"

namespace fcis::kernels {

dnnl::memory::data_type DnnlType(DType type);  // f32, bf16, u8 or i8

// Whether oneDNN may use all instructions of `wanted` here; DNNL_MAX_CPU_ISA
// counts.
bool HasIsa(dnnl::cpu_isa wanted);

// Whether our own code may use AMX: the CPU has it, and the system lets this
// process, which is asked for it.
bool CpuHasAmx();

// oneDNN names extents in the order N,C,H,W whatever the layout.
dnnl::memory::desc NhwcDesc(const Shape& nhwc, DType type);

// The CPU's Layout::kBackend, which training keeps between convolutions. f32:
// channels in blocks of the CPU's vector length, in which oneDNN's gradients by
// weights are far faster than in N,H,W,C (424-488 instead of 220-320 GFLOP/s on
// the layers of res4), and N,C,H,W for the few channels of a picture; bf16:
// N,H,W,C.
dnnl::memory::desc FeatureDesc(const Shape& nhwc, DType type);

// Of a map in `layout`, and of a map as it lies.
dnnl::memory::desc MapDesc(Layout layout, const Shape& nhwc, DType type);
dnnl::memory::desc DescOf(const Tensor& map);

// A map in `layout`, uninitialised; row-major where FeatureDesc is N,H,W,C.
Tensor AllocateIn(Layout layout, const Shape& nhwc, DType type);

// Consecutive channels of a map: the length of its blocks, all of N,H,W,C, 1 of
// N,C,H,W.
int64_t ChannelBlock(const Tensor& map);

// Names a layout without its extents.
std::string LayoutName(const dnnl::memory::desc& desc);

// A kernel (O,I,KH,KW) of this type and layout.
dnnl::memory::desc KernelDesc(const Shape& shape, DType type,
                              dnnl::memory::format_tag tag);

// The factors of the elements of an f32 kernel (O,I,KH,KW) in layout `desc`.
OutputFactors FactorsOf(const dnnl::memory::desc& desc,
                        absl::Span<const float> factors);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_LAYOUT_H_
