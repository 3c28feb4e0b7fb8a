// Maps of 8 bits: an element stands for the value scale * element.
#ifndef FCIS_KERNELS_INT8_MAP_H_
#define FCIS_KERNELS_INT8_MAP_H_

#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {

// How the elements of a map stand for its values. u8, 0 to 255, for values that
// are never negative; i8, -128 to 127, for others.
struct Int8Code {
  DType type = DType::kU8;
  float scale = 1;  // > 0
};

// A map of f32, bf16 or f16 in host memory, coded: value / scale, rounded to
// the nearest (ties to even), and the nearest that there is beyond the range.
// NaN becomes the smallest.
Tensor ToInt8(const Tensor& map, const Int8Code& code);

// The values of a map of 8 bits in host memory as `type`, f32, bf16 or f16.
Tensor FromInt8(const Tensor& map, float scale, DType type);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_INT8_MAP_H_
