#include "fcis/train/network/parameter.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/status_macros.h"
#include "fcis/model/bin_major.h"

namespace fcis::train {

void DescribeBias(const std::string& name, int64_t channels, int group,
                  const kernels::OutputFactors* factors, Parameter* parameter) {
  const Shape shape = {channels};
  parameter->name = name;
  parameter->shape = shape;
  parameter->factors = factors;
  parameter->layout = "plain";
  parameter->is_bias = true;
  parameter->to_file = [shape, group](const float* stored) {
    const Tensor bias = Tensor::FromSpan(
        shape, absl::MakeConstSpan(stored, shape.num_elements()));
    return group > 0 ? model::ReferenceRows(bias, group) : bias;
  };
  parameter->from_file = [group](const Tensor& file, float* stored) {
    const Tensor bias = group > 0 ? model::BinMajorRows(file, group) : file;
    std::copy_n(bias.data<float>(), bias.num_elements(), stored);
  };
}

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
