#include "fcis/kernels/cpu/dnnl_maps.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

// Max pooling of a map of `src` to one of `dst`.
struct Pool {
  Pool(const MaxPoolParams& p, const Tensor& x, const Tensor& y)
      : src(DescOf(x)),
        dst(DescOf(y)),
        strides{p.stride, p.stride},
        kernel{p.kernel, p.kernel},
        near{0, 0},
        far{Far(p, x.dim(1), y.dim(1)), Far(p, x.dim(2), y.dim(2))} {}

  // The far border cuts windows off: padding, which never is the largest.
  static int64_t Far(const MaxPoolParams& p, int64_t x, int64_t y) {
    return (y - 1) * p.stride + p.kernel - x;
  }

  dnnl::pooling_forward::primitive_desc Forward(
      dnnl::prop_kind kind, const dnnl::engine& engine) const {
    return dnnl::pooling_forward::primitive_desc(
        dnnl::pooling_forward::desc(kind, dnnl::algorithm::pooling_max, src,
                                    dst, strides, kernel, near, far),
        engine);
  }

  const memory::desc src, dst;
  const memory::dims strides, kernel, near, far;
};

std::string Describe(const Tensor& x) {
  return absl::StrCat("max pooling of ", x.shape().ToString());
}

// A forward pass for the sake of where the largest values are, then back.
void Backward(const Pool& pool, const Tensor& x, const Tensor& gy,
              DnnlContext* context, Tensor* gx) {
  const auto forward =
      pool.Forward(dnnl::prop_kind::forward_training, context->engine());
  const memory::desc space = forward.workspace_desc();
  const Tensor workspace = DnnlContext::Allocate(space),
               y = DnnlContext::Allocate(pool.dst);
  const memory at = context->View(space, workspace.raw());
  dnnl::pooling_forward(forward).execute(
      context->stream(), {{DNNL_ARG_SRC, context->View(pool.src, x.raw())},
                          {DNNL_ARG_DST, context->View(pool.dst, y.raw())},
                          {DNNL_ARG_WORKSPACE, at}});
  const dnnl::pooling_backward::primitive_desc backward(
      dnnl::pooling_backward::desc(dnnl::algorithm::pooling_max, pool.src,
                                   pool.dst, pool.strides, pool.kernel,
                                   pool.near, pool.far),
      context->engine(), forward);
  dnnl::pooling_backward(backward).execute(
      context->stream(),
      {{DNNL_ARG_DIFF_DST, context->View(pool.dst, gy.raw())},
       {DNNL_ARG_WORKSPACE, at},
       {DNNL_ARG_DIFF_SRC, context->View(pool.src, gx->raw())}});
  context->stream().wait();
}

}  // namespace

absl::StatusOr<Tensor> DnnlConvert(const Tensor& map, DType type, Layout layout,
                                   DnnlContext* context) {
  const Shape& shape = map.shape();
  const memory::desc from = DescOf(map);
  const memory::desc to = layout == Layout::kRowMajor
                              ? NhwcDesc(shape, type)
                              : FeatureDesc(shape, type);
  if (from == to) return map;
  Tensor result = AllocateIn(layout, shape, type);
  RETURN_IF_ERROR(DnnlGuard(
      [&] { return absl::StrCat("another layout of ", shape.ToString()); },
      [&] { context->Reorder(from, map.raw(), to, result.mutable_raw()); }));
  return result;
}

absl::Status DnnlMaxPool(const MaxPoolParams& params, const Tensor& x,
                         DnnlContext* context, Tensor* y) {
  return DnnlGuard(
      [&] { return Describe(x); },
      [&] {
        const Pool pool(params, x, *y);
        dnnl::pooling_forward(
            pool.Forward(dnnl::prop_kind::forward_inference, context->engine()))
            .execute(context->stream(),
                     {{DNNL_ARG_SRC, context->View(pool.src, x.raw())},
                      {DNNL_ARG_DST, context->View(pool.dst, y->raw())}});
        context->stream().wait();
      });
}

absl::StatusOr<Tensor> DnnlMaxPoolGradient(const MaxPoolParams& params,
                                           const Tensor& x, const Tensor& gy,
                                           DnnlContext* context) {
  // The forward pass once more: cheaper than to keep where the largest values
  // were.
  Tensor gx = AllocateIn(x.layout(), x.shape(), x.type());
  RETURN_IF_ERROR(
      DnnlGuard([&] { return Describe(x); },
                [&] { Backward(Pool(params, x, gy), x, gy, context, &gx); }));
  return gx;
}

}  // namespace fcis::kernels
