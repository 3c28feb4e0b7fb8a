#include "fcis/model/value_histogram.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace fcis::model {
namespace {

constexpr size_t kBins = 8192;
constexpr int kCandidates = 128;

// Of a value clipped and rounded to a step.
double SquaredError(double value, double clip, double step) {
  const double kept =
      value >= clip ? clip : std::floor(value / step + 0.5) * step;
  return (value - kept) * (value - kept);
}

}  // namespace

// Doubling the range adds neighbours up.
void ValueHistogram::Widen(float largest) {
  largest_ = std::max(largest_, largest);
  if (largest <= range_) return;
  if (counts_.empty()) {
    counts_.resize(kBins);
    range_ = largest;
    return;
  }
  while (range_ < largest) {
    range_ *= 2;
    for (size_t i = 0; i < kBins / 2; ++i) {
      counts_[i] = counts_[2 * i] + counts_[2 * i + 1];
    }
    std::fill(counts_.begin() + kBins / 2, counts_.end(), 0);
  }
}

void ValueHistogram::Add(absl::Span<const float> values) {
  float largest = 0;
  for (const float v : values) largest = std::max(largest, std::abs(v));
  if (largest == 0) return;
  Widen(largest);
  const auto per_value = static_cast<float>(kBins / range_);
  for (const float v : values) {
    if (v == 0) continue;
    const auto bin = static_cast<size_t>(std::abs(v) * per_value);
    ++counts_[std::min(bin, kBins - 1)];
  }
}

ValueHistogram::Clip ValueHistogram::BestClip(int steps) const {
  Clip best;
  if (largest_ == 0) return best;
  const double width = range_ / kBins;
  double least = -1, power = 0;
  for (size_t i = 0; i < kBins; ++i) {
    const double value = (static_cast<double>(i) + 0.5) * width;
    power += static_cast<double>(counts_[i]) * value * value;
  }
  for (int c = 1; c <= kCandidates; ++c) {
    const double clip = double{largest_} * c / kCandidates;
    double error = 0;
    for (size_t i = 0; i < kBins; ++i) {
      if (counts_[i] == 0) continue;
      error += static_cast<double>(counts_[i]) *
               SquaredError((static_cast<double>(i) + 0.5) * width, clip,
                            clip / steps);
    }
    if (least >= 0 && error >= least) continue;
    least = error;
    best.clip = static_cast<float>(clip);
  }
  best.error = std::sqrt(least / power);
  return best;
}

}  // namespace fcis::model
