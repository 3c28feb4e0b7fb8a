#include "fcis/kernels/train/output_factors.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <numeric>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"

namespace fcis::kernels {
namespace {

FCIS_MULTIVERSION void Multiply(const float* a, const float* b, int64_t n,
                                float* y) {
  for (int64_t i = 0; i < n; ++i) y[i] = a[i] * b[i];
}

}  // namespace

OutputFactors::OutputFactors(absl::Span<const float> factors,
                             const std::vector<int32_t>& pattern,
                             const std::vector<int32_t>& first_output)
    : size_(static_cast<int64_t>(pattern.size() * first_output.size())),
      segment_(static_cast<int64_t>(pattern.size())) {
  std::map<int32_t, int32_t> tile_of_output;
  for (const int32_t first : first_output) {
    const auto added = tile_of_output.emplace(
        first, static_cast<int32_t>(tile_of_output.size()));
    tile_.push_back(added.first->second);
    if (!added.second) continue;
    for (const int32_t offset : pattern) {
      const size_t output = first + offset;
      tiles_.push_back(output < factors.size() ? factors[output] : 0.0f);
    }
  }
}

OutputFactors OutputFactors::OutputsFirst(int64_t num_elements, int64_t outputs,
                                          absl::Span<const float> factors) {
  if (factors.empty()) return OutputFactors(num_elements);
  std::vector<int32_t> first(outputs);
  std::iota(first.begin(), first.end(), 0);
  return OutputFactors(factors, std::vector<int32_t>(num_elements / outputs),
                       first);
}

void OutputFactors::Apply(const float* from, float* to) const {
  if (all_one()) {
    if (from != to) std::memcpy(to, from, size_ * sizeof(float));
    return;
  }
  const int64_t grain = std::max<int64_t>(1, 16384 / segment_);
  ParallelForEach(size_ / segment_, grain, [&](int64_t s) {
    Multiply(from + s * segment_, of_segment(s), segment_, to + s * segment_);
  });
}

}  // namespace fcis::kernels
