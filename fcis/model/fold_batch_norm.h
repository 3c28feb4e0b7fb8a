// Frozen batch norm folded into the convolution before it:
//   gamma (conv(x) - mean) / sqrt(var + eps) + beta = conv'(x) + bias'.
#ifndef FCIS_MODEL_FOLD_BATCH_NORM_H_
#define FCIS_MODEL_FOLD_BATCH_NORM_H_

#include <string>

#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/model/weights/weights.h"

namespace fcis::model {

struct FoldedConv {
  Tensor weight;  // f32 [out,in,kh,kw]
  Tensor bias;    // f32 [out]
};

// The factor of each output channel, gamma / sqrt(var + eps), in double; and
// the bias beta - factor * mean. All of `out` values, var + eps > 0.
void BatchNormFactors(const Tensor& gamma, const Tensor& beta,
                      const Tensor& mean, const Tensor& var, double eps,
                      double* factor, double* bias);

// Folds `norm`/{gamma,beta,avg_mean,avg_var} into the kernel of its
// convolution, computed in double and rounded once. Takes over the kernel's
// memory when no other Tensor shares it, so hand it over with std::move. The
// weights passed CheckWeights. Errors: var + eps <= 0 or not a number, naming
// the tensor.
absl::StatusOr<FoldedConv> FoldBatchNorm(const Weights& weights, Tensor kernel,
                                         const std::string& norm, double eps);

// The factors and biases alone, f32; checks as FoldBatchNorm. Without beta the
// biases are -factor * mean.
struct FoldedNorm {
  Tensor factor, bias;  // f32 [out]
};
absl::StatusOr<FoldedNorm> FoldNorm(const Weights& weights,
                                    const std::string& norm, double eps,
                                    bool with_beta = true);

}  // namespace fcis::model

#endif  // FCIS_MODEL_FOLD_BATCH_NORM_H_
