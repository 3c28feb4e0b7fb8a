#include "fcis/model/quantize_kernel.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"

namespace fcis::model {
namespace {

constexpr float kMost = 127.0f;
constexpr int kCandidates = 26;  // of clips, from half to all

// Rounds to elements; adding and taking it off rounds to a whole number.
FCIS_MULTIVERSION void Round(const float* x, int64_t n, float inverse,
                             float* y) {
  constexpr float kRounder = 12582912.0f;  // 1.5 * 2^23
  for (int64_t i = 0; i < n; ++i) {
    float v = x[i] * inverse;
    v = v > -kMost ? v : -kMost;
    v = v < kMost ? v : kMost;
    y[i] = (v + kRounder) - kRounder;
  }
}

double SquaredError(const float* x, const std::vector<float>& rounded,
                    float scale) {
  double sum = 0;
  for (size_t i = 0; i < rounded.size(); ++i) {
    const double d = double{x[i]} - double{scale} * rounded[i];
    sum += d * d;
  }
  return sum;
}

// One output channel; returns its squared error.
double QuantizeRow(const float* x, int64_t n, int8_t* elements, float* scale) {
  float largest = 0;
  for (int64_t i = 0; i < n; ++i) largest = std::max(largest, std::abs(x[i]));
  constexpr float kNothing = 1e-30f;
  *scale = 1;
  std::fill_n(elements, n, 0);
  if (largest < kNothing) return 0;
  std::vector<float> rounded(static_cast<size_t>(n));
  double least = -1;
  for (int c = 0; c < kCandidates; ++c) {
    const float share = 1 - 0.5f * static_cast<float>(c) / (kCandidates - 1);
    const float candidate = largest * share / kMost;
    Round(x, n, 1 / candidate, rounded.data());
    const double error = SquaredError(x, rounded, candidate);
    if (least >= 0 && error >= least) continue;
    least = error;
    *scale = candidate;
    std::transform(rounded.begin(), rounded.end(), elements,
                   [](float v) { return static_cast<int8_t>(v); });
  }
  return least;
}

}  // namespace

QuantizedKernel QuantizeKernel(const Tensor& weight) {
  const int64_t out = weight.dim(0), row = weight.num_elements() / out;
  QuantizedKernel result;
  result.kernel = {Tensor(weight.shape(), DType::kI8), Tensor(Shape{out})};
  const float* const from = weight.data<float>();
  int8_t* const to = result.kernel.elements.mutable_data<int8_t>();
  float* const scale = result.kernel.scale.mutable_data<float>();
  std::vector<double> errors(static_cast<size_t>(out));
  ParallelForEach(out, 1, [&](int64_t o) {
    errors[static_cast<size_t>(o)] =
        QuantizeRow(from + o * row, row, to + o * row, scale + o);
  });
  double error = 0, power = 0;
  for (const double e : errors) error += e;
  for (const float v : weight.span<float>()) power += double{v} * v;
  if (power > 0) result.error = std::sqrt(error / power);
  return result;
}

std::vector<double> MeanShift(const Tensor& weight, const Int8Kernel& kernel,
                              const std::vector<double>& means) {
  const Tensor values = KernelValues(kernel);
  const float *exact = weight.data<float>(), *rounded = values.data<float>();
  const int64_t taps = weight.dim(2) * weight.dim(3);
  std::vector<double> shift(static_cast<size_t>(weight.dim(0)));
  for (double& sum : shift) {
    for (const double mean : means) {
      double row = 0;
      for (int64_t t = 0; t < taps; ++t) row += double{*rounded++} - *exact++;
      sum += row * mean;
    }
  }
  return shift;
}

}  // namespace fcis::model
