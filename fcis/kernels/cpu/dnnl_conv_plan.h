// One convolution of a training graph, compiled for one size of its input.
#ifndef FCIS_KERNELS_CPU_DNNL_CONV_PLAN_H_
#define FCIS_KERNELS_CPU_DNNL_CONV_PLAN_H_

#include "absl/types/optional.h"
#include "dnnl.hpp"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"

namespace fcis {

// All three passes, and the layouts they want.
struct ConvPlan {
  // Where `forward` takes a residual, of the layout of dst.
  static constexpr int kResidual =
      DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;

  dnnl::memory::desc src, dst, bias;  // also of their gradients
  dnnl::convolution_forward forward;
  dnnl::memory::desc forward_weights, forward_scratch;
  dnnl::convolution_backward_data by_data;
  dnnl::memory::desc data_weights, data_scratch;
  // dnnl::convolution_backward_weights, or, with products, the dnnl::matmul
  // dst^T src, src being the pixels of a 1x1 kernel. That one leaves the
  // gradient of the bias to others.
  dnnl::primitive by_weights;
  dnnl::memory::desc weights_gradient, weights_scratch;
  struct Products {
    dnnl::memory::desc dst_transposed, src, gradient;
  };
  absl::optional<Products> products;
};

// A kernel (O,I,KH,KW) of this type and layout.
dnnl::memory::desc KernelDesc(const Shape& shape, DType type,
                              dnnl::memory::format_tag tag);

// weight: O,I,KH,KW. x, y: N,H,W,C, kept as FeatureDesc of `compute`. With
// residual, the forward pass adds one. Throws dnnl::error.
ConvPlan MakeConvPlan(const ConvParams& params, const Shape& weight,
                      const Shape& x, const Shape& y, bool residual,
                      DType compute, const dnnl::engine& engine);

}  // namespace fcis

#endif  // FCIS_KERNELS_CPU_DNNL_CONV_PLAN_H_
