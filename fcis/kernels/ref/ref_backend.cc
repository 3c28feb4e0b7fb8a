#include "fcis/kernels/ref/ref_backend.h"

#include <algorithm>
#include <limits>

#include "absl/memory/memory.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/map_type.h"
#include "fcis/kernels/ops/softmax.h"
#include "fcis/kernels/ref/ref_conv.h"
#include "fcis/kernels/ref/ref_psroi.h"

namespace fcis {
namespace {

// Largest value of channel c in the window of output (n, oy, ox).
template <typename T>
float WindowMax(const MaxPoolParams& p, const Tensor& x, int64_t n, int64_t oy,
                int64_t ox, int64_t c) {
  float best = -std::numeric_limits<float>::infinity();
  const int64_t y1 = std::min(oy * p.stride + p.kernel, x.dim(1));
  const int64_t x1 = std::min(ox * p.stride + p.kernel, x.dim(2));
  for (int64_t iy = oy * p.stride; iy < y1; ++iy) {
    for (int64_t ix = ox * p.stride; ix < x1; ++ix) {
      const int64_t pixel = (n * x.dim(1) + iy) * x.dim(2) + ix;
      best = std::max(best, LoadF32(x.data<T>()[pixel * x.dim(3) + c]));
    }
  }
  return best;
}

template <typename T>
void RunMaxPool(const MaxPoolParams& p, const Tensor& x, Tensor* y) {
  const int64_t height = y->dim(1), width = y->dim(2), channels = y->dim(3);
  T* to = y->mutable_data<T>();
  ParallelFor(y->dim(0) * height, 1, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t i = 0; i < width * channels; ++i) {
        StoreF32(WindowMax<T>(p, x, row / height, row % height, i / channels,
                              i % channels),
                 &to[row * width * channels + i]);
      }
    }
  });
}

class RefBackend : public Backend {
 public:
  explicit RefBackend(DType activation_type)
      : activation_type_(activation_type) {}

  absl::string_view name() const override { return "ref"; }
  DType activation_type() const override { return activation_type_; }

  absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    return absl::make_unique<RefConv>(params, weight, bias, activation_type_);
  }
  absl::StatusOr<std::unique_ptr<TrainedConvolution>> MakeConv(
      const ConvParams& params, const Shape& weight_shape,
      absl::Span<const float> factors) override {
    if (activation_type_ != DType::kF32) {
      return Backend::MakeConv(params, weight_shape, factors);
    }
    return absl::make_unique<RefConv>(params, weight_shape, factors);
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    WithMapType(x.type(), [&](auto t) {
      RunMaxPool<MapElement<decltype(t)>>(params, x, y);
    });
    return absl::OkStatus();
  }

  absl::Status PsroiPool(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) override {
    RefPsroiPool(params, maps, rois, y);
    return absl::OkStatus();
  }

  absl::Status PsroiMean(const PsroiParams& params, const Tensor& maps,
                         const Tensor& rois, Tensor* y) override {
    RefPsroiMean(params, maps, rois, y);
    return absl::OkStatus();
  }

  absl::Status PsroiClassScores(const PsroiParams& params, const Tensor& maps,
                                const Tensor& rois, Tensor* y) override {
    RefPsroiClassScores(params, maps, rois, y);
    return absl::OkStatus();
  }

  absl::Status PsroiClassPair(const PsroiParams& params, const Tensor& maps,
                              const Tensor& rois, const Tensor& classes,
                              Tensor* y) override {
    RefPsroiClassPair(params, maps, rois, classes, y);
    return absl::OkStatus();
  }

  absl::Status Softmax(const Tensor& x, Tensor* y) override {
    const int64_t n = x.dim(-1);
    for (int64_t i = 0; i < x.num_elements(); i += n) {
      SoftmaxRow(x.data<float>() + i, n, y->mutable_data<float>() + i);
    }
    return absl::OkStatus();
  }

 private:
  const DType activation_type_;
};

}  // namespace

std::unique_ptr<Backend> MakeRefBackend(DType activation_type) {
  return absl::make_unique<RefBackend>(activation_type);
}

}  // namespace fcis
