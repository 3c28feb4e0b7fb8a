// BatchNorm: normalisation by the statistics of the pictures of a step, with
// learned scale and shift (Ioffe and Szegedy, 2015). A saved model holds its
// running statistics under the reference's names, so that it folds into the
// convolution as a frozen one does (fcis/model/fold_batch_norm.h).
#ifndef FCIS_TRAIN_NETWORK_BATCH_NORM_H_
#define FCIS_TRAIN_NETWORK_BATCH_NORM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/train/train_backend.h"
#include "fcis/model/weights/weights.h"
#include "fcis/train/network/parameter.h"

namespace fcis::train {

class BatchNorm {
 public:
  // name: "extractor/res1/bn1". momentum: the share of the running statistics
  // that each Forward leaves, which adds the rest of its own; its variance by m
  // - 1. shared: set, statistics are over the pictures of all its processes,
  // which all must run Forward and Backward equally often; null, of this
  // process alone. `shared` and `backend` outlive the norm.
  BatchNorm(const std::string& name, int64_t channels, double eps,
            double momentum, Communicator* shared,
            kernels::TrainBackend* backend);
  BatchNorm(const BatchNorm&) = delete;

  // Gamma and beta, whose memory the owner sets before all else. A change of
  // their values holds from the next Forward on.
  std::vector<Parameter*> parameters() { return {&gamma_, &beta_}; }

  // The running statistics of a file; the parameters are the owner's to fill.
  void LoadStatistics(const model::Weights& weights);
  // Both.
  absl::Status Save(model::Weights* weights) const;

  // y = relu?(gamma (x - mean) / sqrt(variance + eps) + beta + residual?).
  // Keeps x for Backward. Errors: sums over processes that fail.
  absl::StatusOr<Tensor> Forward(const Tensor& x, const Tensor* residual,
                                 bool relu);
  // gy: before the ReLU. The parameters' gradients (of this process' pictures)
  // are overwritten, or added to. Returns the gradient of x; lets go of x.
  absl::StatusOr<Tensor> Backward(const Tensor& gy, bool add);

 private:
  int64_t channels() const { return static_cast<int64_t>(mean_.size()); }
  void UpdateRunning(absl::Span<const double> variance);
  // gradient = values, or has them added.
  absl::Status PutGradient(absl::Span<const double> values, bool add,
                           float* gradient);

  const std::string name_;
  const double eps_;
  const double momentum_;
  Communicator* const shared_;
  kernels::TrainBackend* backend_;
  kernels::ParameterMath* math_;        // the backend's
  const kernels::OutputFactors plain_;  // of both: all 1
  Parameter gamma_, beta_;
  Tensor running_mean_, running_variance_;
  // Of the last Forward.
  Tensor x_;
  double count_ = 0;            // values per channel
  std::vector<float> mean_;     // rounded
  std::vector<float> scale_;    // gamma
  std::vector<double> factor_;  // 1 / sqrt(variance + eps)
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_NETWORK_BATCH_NORM_H_
