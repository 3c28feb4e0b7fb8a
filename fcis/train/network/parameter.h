// Parameter: one array that training changes, with its gradient.
#ifndef FCIS_TRAIN_NETWORK_PARAMETER_H_
#define FCIS_TRAIN_NETWORK_PARAMETER_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/output_factors.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::train {

// Values, gradients and an optimiser's moments have the same `size` and
// element order, which is the backend's ("stored"), and lie in the memory of
// its ParameterMath. Padding is 0 in all of them, and a gradient of 0 must
// leave a 0 as it is.
struct Parameter {
  std::string name;  // the reference's, "extractor/res3/res3_a/conv1/W"
  Shape shape;       // as in files
  float* value = nullptr;
  // Of the factored weight: that of the parameter is factors * gradient.
  float* gradient = nullptr;
  const kernels::OutputFactors* factors = nullptr;
  int64_t size() const { return factors->size(); }
  // Names the element order: equal orders can be added up.
  std::string layout;
  // Stored elements, in host memory <-> the file's tensor.
  std::function<Tensor(const float* stored)> to_file;
  std::function<void(const Tensor& file, float* stored)> from_file;
  bool is_bias = false;
};

// Makes a parameter of one float per channel, in plain order, which does not
// decay. `group` > 0: that of bin-major rows, which a file has in the
// reference's order (model/bin_major.h).
void DescribeBias(const std::string& name, int64_t channels, int group,
                  const kernels::OutputFactors* factors, Parameter* parameter);

// The file's tensor of stored elements in the memory of `math`, and back.
absl::StatusOr<Tensor> FetchTensor(const Parameter& parameter,
                                   const float* stored,
                                   kernels::ParameterMath* math);
absl::Status PutTensor(const Parameter& parameter, const Tensor& file,
                       kernels::ParameterMath* math, float* stored);

}  // namespace fcis::train

#endif  // FCIS_TRAIN_NETWORK_PARAMETER_H_
