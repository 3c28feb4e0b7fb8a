#include "fcis/kernels/ref/ref_train_backend.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ref/ref_gradients.h"
#include "fcis/kernels/train/host_parameter_math.h"

namespace fcis {
namespace {

void Put(const Tensor& from, float* to) {
  std::copy_n(from.data<float>(), from.num_elements(), to);
}

class RefTrainBackend : public TrainBackend {
 public:
  explicit RefTrainBackend(std::unique_ptr<Backend> forward)
      : forward_(std::move(forward)) {}

  Backend& forward() override { return *forward_; }
  ParameterMath& parameters() override { return parameters_; }

  absl::Status Combine(const Tensor* gate, const Tensor* other,
                       Tensor* g) override {
    float* to = g->mutable_data<float>();
    for (int64_t i = 0; i < g->num_elements(); ++i) {
      if (other != nullptr) to[i] += other->data<float>()[i];
      if (gate != nullptr && !(gate->data<float>()[i] > 0)) to[i] = 0;
    }
    return absl::OkStatus();
  }

  absl::Status ChannelSums(const Tensor& a, const Tensor& b, double* sum,
                           double* product) override {
    const int64_t channels = a.shape().dim(3);
    std::fill_n(sum, channels, 0.0);
    std::fill_n(product, channels, 0.0);
    const float *from = a.data<float>(), *by = b.data<float>();
    for (int64_t i = 0; i < a.num_elements(); ++i) {
      sum[i % channels] += from[i];
      product[i % channels] += static_cast<double>(from[i]) * by[i];
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Tensor> Affine(const ChannelAffine& affine, const Tensor& x,
                                const Tensor* other) override {
    const int64_t channels = x.shape().dim(3);
    Tensor y(x.shape());
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      const int64_t c = i % channels;
      double v = static_cast<double>(affine.scale[c]) *
                     (x.data<float>()[i] - affine.mean[c]) +
                 affine.shift[c];
      if (other != nullptr) {
        const double by =
            affine.other_scale.empty() ? 1.0 : affine.other_scale[c];
        v += by * other->data<float>()[i];
      }
      if (affine.relu && v < 0) v = 0;
      y.mutable_data<float>()[i] = static_cast<float>(v);
    }
    return y;
  }

  absl::StatusOr<Tensor> MaxPoolGradient(const MaxPoolParams& params,
                                         const Tensor& x,
                                         const Tensor& gy) override {
    return RefMaxPoolGradient(params, x, gy);
  }

  absl::Status PsroiMeanGradient(const PsroiParams& params, const Tensor& rois,
                                 const Tensor& gy, Tensor* gmaps) override {
    Put(RefPsroiMeanGradient(params, gmaps->shape(), rois, gy),
        gmaps->mutable_data<float>());
    return absl::OkStatus();
  }
  absl::Status PsroiClassGradient(const PsroiParams& params, const Tensor& maps,
                                  const Tensor& rois, const Tensor& gscores,
                                  const Tensor& classes, const Tensor& gpairs,
                                  Tensor* gmaps) override {
    ASSIGN_OR_RETURN(const Tensor pooled,
                     ops::PsroiPool(*forward_, params, maps, rois));
    Put(RefPsroiClassGradient(params, maps.shape(), rois, pooled, gscores,
                              classes, gpairs),
        gmaps->mutable_data<float>());
    return absl::OkStatus();
  }

 private:
  const std::unique_ptr<Backend> forward_;
  HostParameterMath parameters_;
};

}  // namespace

std::unique_ptr<TrainBackend> MakeRefTrainBackend(
    std::unique_ptr<Backend> forward) {
  return absl::make_unique<RefTrainBackend>(std::move(forward));
}

}  // namespace fcis
