#include "fcis/train/network/batch_norm.h"

#include <algorithm>
#include <cmath>

#include "fcis/core/base/status_macros.h"

namespace fcis::train {
BatchNorm::BatchNorm(const std::string& name, int64_t channels, double eps,
                     double momentum, Communicator* shared,
                     kernels::TrainBackend* backend)
    : name_(name),
      eps_(eps),
      momentum_(momentum),
      shared_(shared),
      backend_(backend),
      math_(&backend->parameters()),
      plain_(channels),
      mean_(channels),
      scale_(channels),
      factor_(channels) {
  DescribeBias(name + "/gamma", channels, /*group=*/0, &plain_, &gamma_);
  DescribeBias(name + "/beta", channels, /*group=*/0, &plain_, &beta_);
}

void BatchNorm::LoadStatistics(const model::Weights& weights) {
  running_mean_ = weights.tensors.at(name_ + "/avg_mean").Clone();
  running_variance_ = weights.tensors.at(name_ + "/avg_var").Clone();
}

absl::Status BatchNorm::Save(model::Weights* weights) const {
  for (const Parameter* p : {&gamma_, &beta_}) {
    ASSIGN_OR_RETURN(weights->tensors[p->name],
                     FetchTensor(*p, p->value, math_));
  }
  weights->tensors[name_ + "/avg_mean"] = running_mean_.Clone();
  weights->tensors[name_ + "/avg_var"] = running_variance_.Clone();
  return absl::OkStatus();
}

absl::Status BatchNorm::PutGradient(absl::Span<const double> values, bool add,
                                    float* gradient) {
  std::vector<float> host(values.size());
  if (add) {
    RETURN_IF_ERROR(math_->Fetch(gradient, channels(), host.data()));
  }
  for (size_t c = 0; c < values.size(); ++c) {
    host[c] = static_cast<float>(host[c] + values[c]);
  }
  return math_->Put(host.data(), channels(), gradient);
}

void BatchNorm::UpdateRunning(absl::Span<const double> variance) {
  const double keep = momentum_;
  const double unbiased = count_ / std::max(count_ - 1, 1.0);
  const auto blend = [keep](double value, float* to) {
    *to = static_cast<float>(keep * *to + (1 - keep) * value);
  };
  for (int64_t c = 0; c < channels(); ++c) {
    blend(mean_[c], running_mean_.mutable_data<float>() + c);
    blend(unbiased * variance[c], running_variance_.mutable_data<float>() + c);
  }
}

absl::StatusOr<Tensor> BatchNorm::Forward(const Tensor& x,
                                          const Tensor* residual, bool relu) {
  const int64_t n = channels();
  std::vector<double> sums(2 * n + 1);  // of x, of its squares; how many
  RETURN_IF_ERROR(backend_->ChannelSums(x, x, sums.data(), &sums[n]));
  sums[2 * n] = static_cast<double>(x.shape().num_elements() / n);
  if (shared_ != nullptr) {
    RETURN_IF_ERROR(shared_->Sum(absl::MakeSpan(sums)));
  }
  count_ = sums[2 * n];
  std::vector<double> variance(n);
  std::vector<float> scale(n), beta(n);
  RETURN_IF_ERROR(math_->Fetch(gamma_.value, n, scale_.data()));
  RETURN_IF_ERROR(math_->Fetch(beta_.value, n, beta.data()));
  for (int64_t c = 0; c < n; ++c) {
    const double mean = sums[c] / count_;
    // Sums of squares in double: what cancels is far below a float's rounding.
    const double spread = sums[n + c] / count_ - mean * mean;
    variance[c] = spread < 0 ? 0 : spread;
    mean_[c] = static_cast<float>(mean);
    factor_[c] = 1 / std::sqrt(variance[c] + eps_);
    scale[c] = static_cast<float>(scale_[c] * factor_[c]);
  }
  UpdateRunning(variance);
  x_ = x;
  kernels::ChannelAffine affine;
  affine.mean = mean_;
  affine.scale = scale;
  affine.shift = beta;
  affine.relu = relu;
  return backend_->Affine(affine, x, residual);
}

absl::StatusOr<Tensor> BatchNorm::Backward(const Tensor& gy, bool add) {
  const int64_t n = channels();
  // Of gy: the gradient of beta; of gy * x, then of gy * (x - mean) * factor:
  // that of gamma.
  std::vector<double> sums(2 * n);
  RETURN_IF_ERROR(backend_->ChannelSums(gy, x_, sums.data(), &sums[n]));
  for (int64_t c = 0; c < n; ++c) {
    sums[n + c] = factor_[c] * (sums[n + c] - mean_[c] * sums[c]);
  }
  const absl::Span<const double> both = sums;
  RETURN_IF_ERROR(PutGradient(both.first(n), add, beta_.gradient));
  RETURN_IF_ERROR(PutGradient(both.last(n), add, gamma_.gradient));
  if (shared_ != nullptr) {
    RETURN_IF_ERROR(shared_->Sum(absl::MakeSpan(sums)));
  }
  // gx = gamma factor (gy - mean of gy - xhat * mean of gy xhat).
  std::vector<float> scale(n), shift(n), by_gy(n);
  for (int64_t c = 0; c < n; ++c) {
    const double slope = scale_[c] * factor_[c];
    by_gy[c] = static_cast<float>(slope);
    scale[c] = static_cast<float>(-slope * factor_[c] * sums[n + c] / count_);
    shift[c] = static_cast<float>(-slope * sums[c] / count_);
  }
  kernels::ChannelAffine affine;
  affine.mean = mean_;
  affine.scale = scale;
  affine.shift = shift;
  affine.other_scale = by_gy;
  const Tensor x = x_;
  x_ = Tensor();
  return backend_->Affine(affine, x, &gy);
}

}  // namespace fcis::train
