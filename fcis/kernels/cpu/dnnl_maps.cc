#include "fcis/kernels/cpu/dnnl_maps.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "dnnl.hpp"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cpu/dnnl_api.h"
#include "fcis/kernels/cpu/dnnl_layout.h"

namespace fcis::kernels {
namespace {

using dnnl::memory;

// Of a map x to y.
DnnlPoolArgs PoolOf(const MaxPoolParams& p, const Tensor& x, const Tensor& y) {
  // The far border cuts windows off: padding, which never is the largest.
  const auto far = [&](int axis) {
    return (y.dim(axis) - 1) * p.stride + p.kernel - x.dim(axis);
  };
  return {
      DescOf(x), DescOf(y),       {p.stride, p.stride}, {p.kernel, p.kernel},
      {0, 0},    {far(1), far(2)}};
}

std::string Describe(const Tensor& x) {
  return absl::StrCat("max pooling of ", x.shape().ToString());
}

// A forward pass for the sake of where the largest values are, then back.
void Backward(const DnnlPoolArgs& pool, const Tensor& x, const Tensor& gy,
              DnnlContext* context, Tensor* gx) {
  const auto forward = MaxPoolForward(context->engine(),
                                      dnnl::prop_kind::forward_training, pool);
  const memory::desc space = forward.workspace_desc();
  const Tensor workspace = DnnlContext::Allocate(space),
               y = DnnlContext::Allocate(pool.dst);
  const memory at = context->View(space, workspace.raw());
  dnnl::pooling_forward(forward).execute(
      context->stream(), {{DNNL_ARG_SRC, context->View(pool.src, x.raw())},
                          {DNNL_ARG_DST, context->View(pool.dst, y.raw())},
                          {DNNL_ARG_WORKSPACE, at}});
  const auto backward = MaxPoolBackward(context->engine(), pool, forward);
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
  const memory::desc to = MapDesc(layout, shape, type);
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
        const DnnlPoolArgs pool = PoolOf(params, x, *y);
        dnnl::pooling_forward(MaxPoolForward(context->engine(),
                                             dnnl::prop_kind::forward_inference,
                                             pool))
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
                [&] { Backward(PoolOf(params, x, gy), x, gy, context, &gx); }));
  return gx;
}

}  // namespace fcis::kernels
