// One pass of a convolution, compiled for one size of its input.
#ifndef FCIS_KERNELS_CPU_DNNL_CONV_PLAN_H_
#define FCIS_KERNELS_CPU_DNNL_CONV_PLAN_H_

#include <array>
#include <cstdint>

#include "absl/types/optional.h"
#include "dnnl.hpp"
#include "fcis/core/tensor/shape.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {

enum class ConvPass { kForward, kData, kWeights };

// Where a forward pass finds the residual that it adds: in dst, or in an array
// like it.
enum class ResidualPlace { kNone, kInDst, kApart };

// What a plan is made from.
struct ConvSetup {
  ConvParams params;
  Shape weight;                       // O,I,KH,KW
  Shape x, y;                         // N,H,W,C
  RowPads pads;                       // in place of params.pad
  Layout layout = Layout::kRowMajor;  // of both
  DType compute = DType::kF32;        // of x and of what is multiplied
  DType output = DType::kF32;         // of y
  ResidualPlace residual = ResidualPlace::kNone;
  bool trained = false;  // whether its weights change
  // oneDNN's Winograd algorithm may be used, which is faster and rounds more.
  bool winograd = false;

  // Everything a plan depends on.
  using Key = std::array<int64_t, 20>;
  Key key(ConvPass pass) const;
};

struct ConvPlan {
  // Where a forward pass takes a residual apart.
  static constexpr int kResidual =
      DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1;

  // A dnnl::convolution_..., or, with products, the dnnl::matmul dst^T src, src
  // being the pixels of a 1x1 kernel. That one leaves the gradient of the bias
  // to others.
  dnnl::primitive primitive;
  dnnl::memory::desc src, dst, bias;  // also of their gradients
  dnnl::memory::desc weights;         // that it reads; kWeights: their gradient
  dnnl::memory::desc scratch;
  struct Products {
    dnnl::memory::desc dst_transposed, src, gradient;
  };
  absl::optional<Products> products;
  // Set where kData is a forward pass, from dst to src: its kernel, transposed,
  // which is `weights` byte by byte.
  absl::optional<dnnl::memory::desc> transposed;
};

// Throws dnnl::error.
ConvPlan MakeConvPlan(const ConvSetup& setup, ConvPass pass,
                      const dnnl::engine& engine);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_DNNL_CONV_PLAN_H_
