#include "fcis/kernels/ref/ref_train_backend.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/ref/ref_gradients.h"
#include "fcis/kernels/train/host_parameter_math.h"

namespace fcis {
namespace {

class RefTrainConv : public TrainConv {
 public:
  RefTrainConv(Backend* backend, const ConvParams& params, const Shape& shape,
               absl::Span<const float> factors)
      : TrainConv(params, shape),
        backend_(backend),
        factors_(OutputFactors::OutputsFirst(shape.num_elements(), shape.dim(0),
                                             factors)) {}

  const OutputFactors& factors() const override { return factors_; }
  std::string layout() const override { return "oihw"; }

  void ToStored(const Tensor& weight, float* stored) const override {
    std::copy_n(weight.data<float>(), weight.num_elements(), stored);
  }
  Tensor FromStored(const float* stored) const override {
    return Tensor::FromSpan(weight_shape(),
                            absl::MakeConstSpan(stored, factors_.size()));
  }

  absl::Status Set(const float* stored, const float* bias) override {
    folded = Tensor(weight_shape());
    factors_.Apply(stored, folded.mutable_data<float>());
    const int64_t out = weight_shape().dim(0);
    ASSIGN_OR_RETURN(
        prepared, ops::PrepareConv(
                      *backend_, params(), folded,
                      Tensor::FromSpan({out}, absl::MakeConstSpan(bias, out))));
    return absl::OkStatus();
  }

  Tensor folded;  // factor * w
  std::unique_ptr<PreparedConv> prepared;

 private:
  Backend* backend_;
  const OutputFactors factors_;
};

void Put(const Tensor& from, bool add, float* to) {
  for (const float v : from.span<float>()) {
    *to = add ? *to + v : v;
    ++to;
  }
}

class RefTrainBackend : public TrainBackend {
 public:
  explicit RefTrainBackend(std::unique_ptr<Backend> forward)
      : forward_(std::move(forward)) {}

  Backend& forward() override { return *forward_; }
  ParameterMath& parameters() override { return parameters_; }

  absl::StatusOr<std::unique_ptr<TrainConv>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    return absl::make_unique<RefTrainConv>(forward_.get(), params, weight_shape,
                                           factors);
  }

  absl::StatusOr<Tensor> Conv(TrainConv& conv, const Tensor& x,
                              const Tensor* residual) override {
    auto& ref = static_cast<RefTrainConv&>(conv);
    if (residual == nullptr) return ops::Conv(*forward_, *ref.prepared, x);
    return ops::Conv(*forward_, *ref.prepared, x, *residual);
  }

  absl::Status ConvGradient(TrainConv& conv, const Tensor& x, const Tensor& gy,
                            bool add, float* gweight, float* gbias,
                            Tensor* gx) override {
    const ConvGradients g = RefConvGradients(
        conv.params(), x, static_cast<RefTrainConv&>(conv).folded, gy);
    Put(g.weight, add, gweight);
    Put(g.bias, add, gbias);
    if (gx != nullptr) *gx = g.x;
    return absl::OkStatus();
  }

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
    Put(RefPsroiMeanGradient(params, gmaps->shape(), rois, gy), /*add=*/false,
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
        /*add=*/false, gmaps->mutable_data<float>());
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
