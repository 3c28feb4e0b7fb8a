#include "fcis/kernels/ops/softmax.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/backend.h"

namespace fcis::kernels {
namespace ops {

absl::StatusOr<Tensor> Softmax(Backend& backend, const Tensor& x) {
  if (x.type() != DType::kF32 || x.shape().rank() < 1 || x.dim(-1) < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "softmax: input ", x.Describe(), ", expected f32, last extent >= 1"));
  }
  ASSIGN_OR_RETURN(Tensor y, backend.AllocateMap(x.shape(), DType::kF32));
  if (y.num_elements() > 0) RETURN_IF_ERROR(backend.Softmax(x, &y));
  return y;
}

absl::StatusOr<Tensor> InsideProbabilities(Backend& backend,
                                           const Tensor& pairs) {
  if (pairs.type() != DType::kF32 || pairs.shape().rank() != 4 ||
      pairs.dim(3) != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("inside_probabilities: input ", pairs.Describe(),
                     ", expected f32 [R,P,P,2]"));
  }
  ASSIGN_OR_RETURN(
      Tensor y, backend.AllocateMap({pairs.dim(0), pairs.dim(1), pairs.dim(2)},
                                    DType::kF32));
  if (y.num_elements() > 0) {
    RETURN_IF_ERROR(backend.InsideProbabilities(pairs, &y));
  }
  return y;
}

}  // namespace ops
}  // namespace fcis::kernels
