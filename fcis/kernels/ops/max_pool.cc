#include "fcis/kernels/ops/max_pool.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {
namespace ops {
namespace {

int64_t PoolExtent(const MaxPoolParams& p, int64_t n) {
  const int64_t room = n - p.kernel + p.stride - 1;
  return room < 0 ? 1 : room / p.stride + 1;
}

}  // namespace

absl::StatusOr<Shape> InferMaxPoolShape(const MaxPoolParams& params,
                                        const Shape& x) {
  if (params.stride < 1 || params.kernel < params.stride) {
    return absl::InvalidArgumentError(
        absl::StrCat("max pool: stride ", params.stride, " and kernel ",
                     params.kernel, ", expected 1 <= stride <= kernel"));
  }
  if (x.rank() != 4 || x.num_elements() == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max pool: expected N,H,W,C with no empty extent, got ", x.ToString()));
  }
  return Shape{x.dim(0), PoolExtent(params, x.dim(1)),
               PoolExtent(params, x.dim(2)), x.dim(3)};
}

absl::StatusOr<Tensor> MaxPool(Backend& backend, const MaxPoolParams& params,
                               const Tensor& x) {
  ASSIGN_OR_RETURN(const Shape shape, InferMaxPoolShape(params, x.shape()));
  if (x.type() != DType::kF32 && x.type() != backend.activation_type() &&
      !(x.type() == DType::kU8 && backend.computes_int8())) {
    return absl::InvalidArgumentError(absl::StrCat(
        "max pool: input of type ", DTypeName(x.type()), ", expected f32 or ",
        DTypeName(backend.activation_type())));
  }
  ASSIGN_OR_RETURN(Tensor y, backend.AllocateLike(x, shape, x.type()));
  RETURN_IF_ERROR(backend.MaxPool(params, x, &y));
  return y;
}

}  // namespace ops
}  // namespace fcis::kernels
