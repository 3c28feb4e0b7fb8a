#include "fcis/kernels/check/check_backend.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/internal/raw_logging.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/int8_map.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace {

// Unit roundoff of float32.
constexpr double kEps32 = 1.0 / (1 << 24);

bool IsInt8(DType type) { return type == DType::kU8 || type == DType::kI8; }

// Whole numbers, of a map of 8 bits.
Tensor Values(const Tensor& t) {
  return IsInt8(t.type()) ? FromInt8(t, 1, DType::kF32) : AsF32(t);
}

double AbsMax(const Tensor& t) {
  double top = 0;
  const Tensor wide = Values(t);
  for (const float v : wide.span<float>()) {
    top = std::max<double>(top, std::fabs(v));
  }
  return top;
}

// How far neighbours of the type that results are rounded to lie apart: at
// most `relative` of the value, but never less than `absolute`.
struct Spacing {
  double relative, absolute;
};
Spacing SpacingOf(DType type) {
  if (type == DType::kF32 || IsInt8(type)) return {0, 0};
  return {2 * UnitRoundoff(type), type == DType::kF16 ? 0x1p-24 : 0};
}

// The largest of all outputs: sum of absolute weights, root of the sum of
// squares.
struct Norms {
  double one = 0, two = 0;
};
Norms NormsOf(const Tensor& weight) {
  const int64_t per_output = weight.num_elements() / weight.dim(0);
  const Tensor values = Values(weight);
  const float* w = values.data<float>();
  Norms top;
  for (int64_t o = 0; o < weight.dim(0); ++o, w += per_output) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < per_output; ++i) {
      sum += std::fabs(w[i]);
      squares += double{w[i]} * w[i];
    }
    top.one = std::max(top.one, sum);
    top.two = std::max(top.two, std::sqrt(squares));
  }
  return top;
}

absl::string_view NameOf(PsroiForm form) {
  switch (form) {
    case PsroiForm::kPool:
      break;
    case PsroiForm::kMean:
      return "psroi_mean";
    case PsroiForm::kClassScores:
      return "psroi_class_scores";
    case PsroiForm::kClassPair:
      return "psroi_class_pair";
  }
  return "psroi_pool";
}

class CheckBackend : public Backend {
 public:
  CheckBackend(std::unique_ptr<Backend> tested, std::unique_ptr<Backend> oracle)
      : tested_(std::move(tested)),
        oracle_(std::move(oracle)),
        name_(absl::StrCat("check:", tested_->name(), ",", oracle_->name())) {
    ABSL_RAW_CHECK(tested_->activation_type() == oracle_->activation_type(),
                   "check backend: activation types differ");
  }

  absl::string_view name() const override { return name_; }
  DType activation_type() const override { return tested_->activation_type(); }
  absl::string_view precision() const override { return tested_->precision(); }

  // Maps are the tested backend's; the oracle computes on copies in host
  // memory.
  Device device() const override { return tested_->device(); }
  absl::StatusOr<Tensor> AllocateMap(const Shape& shape, DType type) override {
    return tested_->AllocateMap(shape, type);
  }
  absl::StatusOr<Tensor> Convert(const Tensor& map, DType type,
                                 Layout) override {
    return tested_->Convert(map, type, Layout::kRowMajor);
  }
  absl::StatusOr<Tensor> ToHost(const Tensor& map) override {
    return tested_->ToHost(map);
  }
  absl::StatusOr<Tensor> ToDevice(const Tensor& t) override {
    return tested_->ToDevice(t);
  }

  absl::StatusOr<std::unique_ptr<Convolution>> PrepareConv(
      const ConvParams& params, const Tensor& weight,
      const Tensor& bias) override {
    auto conv = absl::make_unique<CheckedConv>(this, params, weight, bias);
    ASSIGN_OR_RETURN(conv->tested, tested_->PrepareConv(params, weight, bias));
    ASSIGN_OR_RETURN(conv->oracle, oracle_->PrepareConv(params, weight, bias));
    return conv;
  }

  bool computes_int8() const override {
    return tested_->computes_int8() && oracle_->computes_int8();
  }
  absl::StatusOr<std::unique_ptr<Int8Convolution>> PrepareInt8Conv(
      const Int8ConvParams& params, const Int8Weights& weights) override {
    auto conv = absl::make_unique<CheckedInt8Conv>(this, params, weights);
    ASSIGN_OR_RETURN(conv->tested, tested_->PrepareInt8Conv(params, weights));
    ASSIGN_OR_RETURN(conv->oracle, oracle_->PrepareInt8Conv(params, weights));
    return conv;
  }

  absl::Status MaxPool(const MaxPoolParams& params, const Tensor& x,
                       Tensor* y) override {
    return Both("max_pool", {x}, 0, y,
                [&](Backend* backend, absl::Span<const Tensor> in, Tensor* to) {
                  return backend->MaxPool(params, in[0], to);
                });
  }

  absl::Status Psroi(PsroiForm form, const PsroiParams& params,
                     const Tensor& maps, const Tensor& rois,
                     const Tensor& classes, Tensor* y) override {
    ASSIGN_OR_RETURN(const Tensor on_host, ToHost(maps));
    return Both(NameOf(form), {maps, rois, classes},
                PsroiTolerance(form, params, on_host), y,
                [&](Backend* backend, absl::Span<const Tensor> in, Tensor* to) {
                  return backend->Psroi(form, params, in[0], in[1], in[2], to);
                });
  }

  absl::Status Softmax(const Tensor& x, Tensor* y) override {
    return Both("softmax", {x}, SoftmaxTolerance(x.dim(-1)), y,
                [&](Backend* backend, absl::Span<const Tensor> in, Tensor* to) {
                  return backend->Softmax(in[0], to);
                });
  }

  absl::Status InsideProbabilities(const Tensor& pairs, Tensor* y) override {
    return Both("inside_probabilities", {pairs}, SoftmaxTolerance(2), y,
                [&](Backend* backend, absl::Span<const Tensor> in, Tensor* to) {
                  return backend->InsideProbabilities(in[0], to);
                });
  }

  absl::Status RefineBoxes(const RefineParams& params, const Tensor& rois,
                           const Tensor& deltas, Tensor* y) override {
    return Both("refine_boxes", {rois, deltas},
                BoxTolerance(params.height, params.width), y,
                [&](Backend* backend, absl::Span<const Tensor> in, Tensor* to) {
                  return backend->RefineBoxes(params, in[0], in[1], to);
                });
  }

 private:
  struct CheckedConv : public Convolution {
    CheckedConv(CheckBackend* backend, const ConvParams& params,
                const Tensor& weight, const Tensor& bias)
        : Convolution(params, weight.shape()),
          backend(backend),
          norms(NormsOf(weight)),
          bias_max(AbsMax(bias)) {}

    absl::Status Forward(const Tensor& x, const Tensor* residual,
                         Tensor* y) override {
      return backend->RunBoth(this, x, residual, y);
    }

    CheckBackend* const backend;
    std::unique_ptr<Convolution> tested, oracle;
    const Norms norms;
    const double bias_max;
  };

  struct CheckedInt8Conv : public Int8Convolution {
    CheckedInt8Conv(CheckBackend* backend, const Int8ConvParams& params,
                    const Int8Weights& weights)
        : Int8Convolution(params, weights.elements.shape()),
          backend(backend),
          norms(NormsOf(weights.elements)) {
      const Int8Factors factors = Int8FactorsOf(params, weights);
      for (size_t o = 0; o < factors.bias.size(); ++o) {
        bias_max = std::max<double>(bias_max, std::fabs(factors.bias[o]));
        factor_max = std::max<double>(factor_max, factors.factor[o]);
      }
    }

    // The oracle comes first: y may take the residual's memory over.
    absl::Status Forward(const Tensor& x, const Tensor* residual,
                         Tensor* y) override {
      ASSIGN_OR_RETURN(Tensor want,
                       backend->oracle_->AllocateMap(y->shape(), y->type()));
      RETURN_IF_ERROR(oracle->Forward(x, residual, &want));
      RETURN_IF_ERROR(tested->Forward(x, residual, y));
      return backend->Compare("int8_conv", x.shape(), *y, want,
                              Tolerance(x, residual, y->type()));
    }

    double Tolerance(const Tensor& x, const Tensor* residual,
                     DType y_type) const {
      const double largest = AbsMax(x);
      if (tested->AlgorithmFor(x, residual) == "winograd") {
        // Sums are off by 2e-3 of their size (kernels/cpu/wino_conv.h), which
        // is that of products of either sign; 8 standard deviations, and a
        // rounding.
        return 1 + 8 * 2e-3 * largest * norms.two * factor_max;
      }
      // Sums are exact; what follows rounds a few times.
      return IsInt8(y_type)
                 ? 0
                 : 4 * kEps32 * (largest * norms.one + bias_max) * factor_max;
    }

    CheckBackend* const backend;
    std::unique_ptr<Int8Convolution> tested, oracle;
    const Norms norms;
    double bias_max = 0, factor_max = 0;
  };

  absl::Status RunBoth(CheckedConv* c, const Tensor& x, const Tensor* residual,
                       Tensor* y) {
    ASSIGN_OR_RETURN(const Tensor in, ToHost(x));
    ASSIGN_OR_RETURN(Tensor want, oracle_->AllocateMap(y->shape(), y->type()));
    double start = c->bias_max;
    Tensor added;
    if (residual != nullptr) {
      ASSIGN_OR_RETURN(added, ToHost(*residual));
      start += AbsMax(added);
    }
    RETURN_IF_ERROR(
        c->oracle->Forward(in, residual == nullptr ? nullptr : &added, &want));
    RETURN_IF_ERROR(c->tested->Forward(x, residual, y));
    // n products and the start value, each bounded; rounding errors are
    // independent, so they grow with sqrt(n) (Higham & Mary, 2019), 8 standard
    // deviations.
    const Shape& w = c->weight_shape();
    const double n = static_cast<double>(w.num_elements() / w.dim(0)) + 2;
    const double largest = AbsMax(in);
    double tolerance =
        8 * kEps32 * std::sqrt(n) * (largest * c->norms.one + start);
    // The oracle rounds weights to bf16. What Winograd's algorithm does with
    // them is less (kernels/cpu/wino_conv.h).
    if (activation_type() == DType::kBF16 &&
        c->tested->AlgorithmFor(x, residual) == "winograd") {
      tolerance += 8 * UnitRoundoff(DType::kBF16) * largest * c->norms.two;
    }
    return Compare("conv", x.shape(), *y, want, tolerance);
  }

  // Results are at most 1; exponentials are good to a few units.
  static double SoftmaxTolerance(int64_t row) {
    return kEps32 * static_cast<double>(row + 16);
  }

  // A coordinate may differ by a few roundings of the picture's size.
  static double BoxTolerance(float height, float width) {
    return 8 * kEps32 * std::max(height, width);
  }

  // A window's sum has one rounding per pixel, its mean at most one more; a
  // window is at most a cell and two pixels long. The means of all cells are at
  // most the maps' largest value; summing them rounds once per cell.
  static double PsroiTolerance(PsroiForm form, const PsroiParams& params,
                               const Tensor& maps) {
    const double h = static_cast<double>(maps.dim(0)) / params.roi_size + 2;
    const double w = static_cast<double>(maps.dim(1)) / params.roi_size + 2;
    const double cells = static_cast<double>(params.roi_size) * params.roi_size;
    const bool means =
        form == PsroiForm::kMean || form == PsroiForm::kClassScores;
    return 2 * kEps32 * (h * w + 1 + (means ? cells : 0)) * AbsMax(maps);
  }

  // Runs an op, run(backend, its tensors, y), in both; the oracle on copies in
  // host memory.
  template <typename Run>
  absl::Status Both(absl::string_view op, std::vector<Tensor> in,
                    double tolerance, Tensor* y, const Run& run) {
    std::vector<Tensor> on_host = in;
    for (Tensor& t : on_host) {
      ASSIGN_OR_RETURN(t, ToHost(t));
    }
    ASSIGN_OR_RETURN(Tensor want, oracle_->AllocateMap(y->shape(), y->type()));
    RETURN_IF_ERROR(run(oracle_.get(), on_host, &want));
    RETURN_IF_ERROR(run(tested_.get(), in, y));
    return Compare(op, in[0].shape(), *y, want, tolerance);
  }

  // Results of 16 bits may be rounded to neighbours; infinity has none. Those
  // of 8 bits may be off by one where a value lies between two, which few do.
  absl::Status Compare(absl::string_view op, const Shape& x,
                       const Tensor& result, const Tensor& expected,
                       double tolerance) {
    ++calls_;
    ASSIGN_OR_RETURN(const Tensor got, tested_->ToHost(result));
    ASSIGN_OR_RETURN(const Tensor want, oracle_->ToHost(expected));
    if (got.shape() != want.shape()) {
      return absl::InternalError(absl::StrCat(
          name_, ": op ", calls_, " (", op, " of ", x.ToString(), ") gives ",
          got.shape().ToString(), ", expected ", want.shape().ToString()));
    }
    const Spacing spacing = SpacingOf(got.type());
    const Tensor got_f32 = Values(got), want_f32 = Values(want);
    int64_t may_be_off = IsInt8(got.type()) ? 4 + got.num_elements() / 200 : 0;
    for (int64_t i = 0; i < got.num_elements(); ++i) {
      const float a = got_f32.data<float>()[i], b = want_f32.data<float>()[i];
      const double size = std::isinf(b) ? 0 : std::fabs(b);
      const double limit =
          tolerance + std::max(spacing.relative * size, spacing.absolute);
      if (std::fabs(static_cast<double>(a) - b) <= limit) continue;
      if (a == b || (std::isnan(a) && std::isnan(b))) continue;
      if (std::fabs(a - b) == 1 && may_be_off-- > 0) continue;
      return absl::InternalError(
          absl::StrCat(name_, ": op ", calls_, " (", op, " of ", x.ToString(),
                       ") diverges at element ", i, " of ",
                       got.shape().ToString(), ": ", tested_->name(), " ", a,
                       ", ", oracle_->name(), " ", b, ", tolerance ", limit));
    }
    return absl::OkStatus();
  }

  const std::unique_ptr<Backend> tested_, oracle_;
  const std::string name_;
  int64_t calls_ = 0;
};

}  // namespace

std::unique_ptr<Backend> MakeCheckBackend(std::unique_ptr<Backend> tested,
                                          std::unique_ptr<Backend> oracle) {
  return absl::make_unique<CheckBackend>(std::move(tested), std::move(oracle));
}

}  // namespace fcis::kernels
