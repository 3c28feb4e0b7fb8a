#include "fcis/kernels/ops/softmax.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis {
namespace ops {

absl::StatusOr<Tensor> Softmax(Backend& backend, const Tensor& x) {
  if (x.type() != DType::kF32 || x.shape().rank() < 1 || x.dim(-1) < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("softmax: input ", DTypeName(x.type()), " ",
                     x.shape().ToString(), ", expected f32, last extent >= 1"));
  }
  ASSIGN_OR_RETURN(Tensor y, backend.AllocateMap(x.shape(), DType::kF32));
  if (y.num_elements() > 0) RETURN_IF_ERROR(backend.Softmax(x, &y));
  return y;
}

}  // namespace ops
}  // namespace fcis
