#include "fcis/kernels/train/host_parameter_math.h"

#include <algorithm>
#include <vector>

#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/round_up.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/device/compute_device.h"

namespace fcis::kernels {
namespace {

// Elements that a thread takes at once; sums over them are added in order.
constexpr int64_t kChunk = 16384;

template <typename Body>
inline __attribute__((always_inline)) void RunAll(const Body& given,
                                                  int64_t n) {
  const Body body = given;  // no element written is one of its members
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) body(i);
}

FCIS_MULTIVERSION void Run(const SgdBody<FactorOfEach>& body, int64_t n) {
  RunAll(body, n);
}
FCIS_MULTIVERSION void Run(const AdamWBody<FactorOfEach>& body, int64_t n) {
  RunAll(body, n);
}

// Eight sums side by side, in double.
FCIS_MULTIVERSION double SquaresRun(const float* factors, const float* g,
                                    int64_t n) {
  constexpr int kSums = 8;
  double sums[kSums] = {};
  for (int64_t i = 0; i < n; ++i) {
    const double v = factors == nullptr ? g[i] : g[i] * factors[i];
    sums[i % kSums] += v * v;
  }
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

// Calls body(chunk, begin, end, factors or null) for all elements, in parallel.
template <typename Body>
void ForEachChunk(const OutputFactors& factors, const Body& body) {
  const int64_t n = factors.size();
  if (factors.all_one()) {
    ParallelForEach(NumBlocks(n, kChunk), 1, [&](int64_t c) {
      body(c, c * kChunk, std::min(n, (c + 1) * kChunk), nullptr);
    });
    return;
  }
  const int64_t segment = factors.segment();
  ParallelForEach(
      n / segment, std::max<int64_t>(1, kChunk / segment), [&](int64_t s) {
        body(s, s * segment, (s + 1) * segment, factors.of_segment(s));
      });
}

int64_t NumChunks(const OutputFactors& factors) {
  return factors.all_one() ? NumBlocks(factors.size(), kChunk)
                           : factors.size() / factors.segment();
}

// The update of a chunk that begins at element `begin`.
Update<FactorOfEach> UpdateAt(const UpdateArrays& a, int64_t begin,
                              const float* factors) {
  const auto at = [begin](float* array) {
    return array == nullptr ? nullptr : array + begin;
  };
  return {{factors},   a.clip,       a.gradient + begin, at(a.value),
          at(a.first), at(a.second), at(a.average),      a.average_decay};
}

}  // namespace

HostParameterMath::HostParameterMath() : ParameterMath(HostDevice::Shared()) {}

absl::StatusOr<ParameterFactors> HostParameterMath::Prepare(
    const OutputFactors* factors) {
  return ParameterFactors{factors, Tensor()};
}

absl::StatusOr<double> HostParameterMath::SquaredNorm(
    absl::Span<const GradientView> gradients) {
  double sum = 0;
  std::vector<double> parts;
  for (const GradientView& g : gradients) {
    const OutputFactors& factors = *g.factors->factors;
    parts.assign(NumChunks(factors), 0.0);
    ForEachChunk(factors, [&](int64_t c, int64_t begin, int64_t end,
                              const float* of_chunk) {
      parts[c] = SquaresRun(of_chunk, g.gradient + begin, end - begin);
    });
    for (const double part : parts) sum += part;
  }
  return sum;
}

absl::Status HostParameterMath::Sgd(const SgdParams& params,
                                    const UpdateArrays& a) {
  ForEachChunk(*a.factors->factors,
               [&](int64_t, int64_t begin, int64_t end, const float* factors) {
                 Run(SgdBody<FactorOfEach>{params, UpdateAt(a, begin, factors)},
                     end - begin);
               });
  return absl::OkStatus();
}

absl::Status HostParameterMath::AdamW(const AdamWParams& params,
                                      const UpdateArrays& a) {
  ForEachChunk(*a.factors->factors, [&](int64_t, int64_t begin, int64_t end,
                                        const float* factors) {
    Run(AdamWBody<FactorOfEach>{params, UpdateAt(a, begin, factors)},
        end - begin);
  });
  return absl::OkStatus();
}

}  // namespace fcis::kernels
