#include "fcis/model/fold_batch_norm.h"

#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"

namespace fcis {

void BatchNormFactors(const Tensor& gamma, const Tensor& beta,
                      const Tensor& mean, const Tensor& var, double eps,
                      double* factor, double* bias) {
  for (int64_t i = 0; i < gamma.num_elements(); ++i) {
    factor[i] = gamma.data<float>()[i] / std::sqrt(var.data<float>()[i] + eps);
    bias[i] = beta.data<float>()[i] - factor[i] * mean.data<float>()[i];
  }
}

absl::StatusOr<FoldedConv> FoldBatchNorm(const Weights& weights,
                                         const std::string& conv,
                                         const std::string& norm, double eps) {
  const auto& tensors = weights.tensors;
  const Tensor& kernel = tensors.at(conv + "/W");
  const Tensor& var = tensors.at(norm + "/avg_var");
  for (const float v : var.span<float>()) {
    if (v + eps > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(weights.source, ": ", norm,
                                                   "/avg_var holds ", v,
                                                   ", expected a variance"));
  }
  const int64_t out = kernel.dim(0);
  std::vector<double> factor(out), bias(out);
  BatchNormFactors(tensors.at(norm + "/gamma"), tensors.at(norm + "/beta"),
                   tensors.at(norm + "/avg_mean"), var, eps, factor.data(),
                   bias.data());
  FoldedConv folded{Tensor(kernel.shape()), Tensor(Shape{out})};
  const int64_t row = kernel.num_elements() / out;
  const float* in = kernel.data<float>();
  float* to = folded.weight.mutable_data<float>();
  for (int64_t o = 0; o < out; ++o) {
    folded.bias.mutable_data<float>()[o] = static_cast<float>(bias[o]);
    for (int64_t i = 0; i < row; ++i) {
      *to++ = static_cast<float>(*in++ * factor[o]);
    }
  }
  return folded;
}

}  // namespace fcis
