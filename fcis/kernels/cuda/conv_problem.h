// One convolution at one size, as an engine that computes it sees it
// (body_conv.h): what its plans are kept by.
#ifndef FCIS_KERNELS_CUDA_CONV_PROBLEM_H_
#define FCIS_KERNELS_CUDA_CONV_PROBLEM_H_

#include <array>
#include <cstdint>

#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/conv.h"

namespace fcis::kernels {
namespace cuda {

struct ConvProblem {
  ConvParams params;
  Shape weight;   // out, in, kernel height, kernel width
  Shape x, y;     // N,H,W,C
  DType operand;  // whose numbers operands are, whatever type holds them

  // Equal for problems whose sums are the same.
  using Key = std::array<int64_t, 12>;
  Key key() const {
    return {params.stride, params.pad,    params.dilation,
            weight.dim(0), weight.dim(1), weight.dim(2),
            weight.dim(3), x.dim(0),      x.dim(1),
            x.dim(2),      y.dim(1),      static_cast<int64_t>(operand)};
  }
  // Equal for problems that differ in the size of their maps only.
  Key any_size_key() const {
    return {params.stride,
            params.pad,
            params.dilation,
            weight.dim(0),
            weight.dim(1),
            weight.dim(2),
            weight.dim(3),
            0,
            0,
            0,
            0,
            static_cast<int64_t>(operand)};
  }
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CONV_PROBLEM_H_
