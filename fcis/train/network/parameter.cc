#include "fcis/train/network/parameter.h"

#include <vector>

#include "fcis/core/base/status_macros.h"

namespace fcis::train {

absl::StatusOr<Tensor> FetchTensor(const Parameter& parameter,
                                   const float* stored,
                                   kernels::ParameterMath* math) {
  std::vector<float> host(parameter.size());
  RETURN_IF_ERROR(math->Fetch(stored, parameter.size(), host.data()));
  return parameter.to_file(host.data());
}

absl::Status PutTensor(const Parameter& parameter, const Tensor& file,
                       kernels::ParameterMath* math, float* stored) {
  std::vector<float> host(parameter.size());
  parameter.from_file(file, host.data());
  return math->Put(host.data(), parameter.size(), stored);
}

}  // namespace fcis::train
