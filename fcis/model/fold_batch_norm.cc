#include "fcis/model/fold_batch_norm.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::model {

void BatchNormFactors(const Tensor& gamma, const Tensor& beta,
                      const Tensor& mean, const Tensor& var, double eps,
                      double* factor, double* bias) {
  for (int64_t i = 0; i < gamma.num_elements(); ++i) {
    factor[i] = gamma.data<float>()[i] / std::sqrt(var.data<float>()[i] + eps);
    bias[i] = beta.data<float>()[i] - factor[i] * mean.data<float>()[i];
  }
}

namespace {

// Of each output, in double.
struct Factors {
  std::vector<double> factor, bias;
};

absl::StatusOr<Factors> CheckedFactors(const Weights& weights,
                                       const std::string& norm, double eps,
                                       bool with_beta) {
  const auto& tensors = weights.tensors;
  const Tensor& var = tensors.at(norm + "/avg_var");
  for (const float v : var.span<float>()) {
    if (v + eps > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(weights.source, ": ", norm,
                                                   "/avg_var holds ", v,
                                                   ", expected a variance"));
  }
  Factors f;
  f.factor.resize(var.num_elements());
  f.bias.resize(var.num_elements());
  const Tensor& beta = tensors.at(norm + "/beta");
  BatchNormFactors(tensors.at(norm + "/gamma"),
                   with_beta ? beta : Tensor::Zeros(beta.shape()),
                   tensors.at(norm + "/avg_mean"), var, eps, f.factor.data(),
                   f.bias.data());
  return f;
}

Tensor Rounded(const std::vector<double>& values) {
  Tensor t(Shape{static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), t.mutable_data<float>());
  return t;
}

}  // namespace

absl::StatusOr<FoldedConv> FoldBatchNorm(const Weights& weights, Tensor kernel,
                                         const std::string& norm, double eps) {
  ASSIGN_OR_RETURN(const Factors f, CheckedFactors(weights, norm, eps, true));
  const int64_t out = kernel.dim(0);
  const int64_t row = kernel.num_elements() / out;
  Tensor weight = kernel.IsSoleOwner() ? kernel : Tensor(kernel.shape());
  const float* in = kernel.data<float>();
  float* to = weight.mutable_data<float>();
  for (int64_t o = 0; o < out; ++o) {
    for (int64_t i = 0; i < row; ++i) {
      *to++ = static_cast<float>(*in++ * f.factor[o]);
    }
  }
  return FoldedConv{std::move(weight), Rounded(f.bias)};
}

absl::StatusOr<FoldedNorm> FoldNorm(const Weights& weights,
                                    const std::string& norm, double eps,
                                    bool with_beta) {
  ASSIGN_OR_RETURN(const Factors f,
                   CheckedFactors(weights, norm, eps, with_beta));
  return FoldedNorm{Rounded(f.factor), Rounded(f.bias)};
}

}  // namespace fcis::model
