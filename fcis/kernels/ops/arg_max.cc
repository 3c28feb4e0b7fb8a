#include "fcis/kernels/ops/arg_max.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis {
namespace ops {

absl::StatusOr<Tensor> ArgMax(Backend& backend, const Tensor& x) {
  if (x.type() != DType::kF32 || x.shape().rank() != 2 || x.dim(1) < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("arg_max: input ", DTypeName(x.type()), " ",
                     x.shape().ToString(), ", expected f32 [R,n], n >= 1"));
  }
  ASSIGN_OR_RETURN(Tensor y, backend.AllocateMap(Shape{x.dim(0)}, DType::kI32));
  if (y.num_elements() > 0) RETURN_IF_ERROR(backend.ArgMax(x, &y));
  return y;
}

}  // namespace ops

absl::Status Backend::ArgMax(const Tensor& x, Tensor* y) {
  for (int64_t r = 0; r < x.dim(0); ++r) {
    y->mutable_data<int32_t>()[r] =
        ArgMaxOfRow(x.data<float>() + r * x.dim(1), x.dim(1));
  }
  return absl::OkStatus();
}

}  // namespace fcis
