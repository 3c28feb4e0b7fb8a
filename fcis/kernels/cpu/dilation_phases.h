// A dilated convolution as plain ones: the pixels of a map whose coordinates
// are equal modulo the dilation d meet no others, so that a 3x3 kernel of
// dilation d and padding d is the undilated kernel, padding 1, on d * d smaller
// pictures ("phases"). Algorithms that know no dilation can then be used.
#ifndef FCIS_KERNELS_CPU_DILATION_PHASES_H_
#define FCIS_KERNELS_CPU_DILATION_PHASES_H_

#include <cstdint>

#include "fcis/core/tensor/shape.h"

namespace fcis::kernels {

// [N,H,W,C] -> [N*d*d, ceil(H/d), ceil(W/d), C].
Shape PhasesOf(const Shape& nhwc, int dilation);

// Maps are f32 in blocks of `block` channels (ChannelBlock in dnnl_layout.h):
// [N, ceil(C/block), H, W, block]. Phases are filled up with zeros where a side
// is no multiple of d; FromPhases leaves that out.
void ToPhases(const Shape& nhwc, int64_t block, int dilation, const float* map,
              float* phases);
void FromPhases(const Shape& nhwc, int64_t block, int dilation,
                const float* phases, float* map);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DILATION_PHASES_H_
