#include "fcis/kernels/ops/arg_max.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {
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
}  // namespace fcis::kernels
