#include "fcis/kernels/train/host_parameter_math.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/memory/memory.h"
#include "fcis/core/base/multiversion.h"
#include "fcis/core/base/parallel.h"
#include "fcis/kernels/train/averaged_weight.h"

namespace fcis {
namespace {

// Elements that a thread takes at once; sums over them are added in order.
constexpr int64_t kChunk = 16384;

FCIS_MULTIVERSION void SgdRun(const SgdParams& p, float clip,
                              const float* factors, const float* g, int64_t n,
                              float* w, float* v) {
  if (factors == nullptr) {
    for (int64_t i = 0; i < n; ++i) SgdUpdate(p, g[i] * clip, w + i, v + i);
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    SgdUpdate(p, g[i] * factors[i] * clip, w + i, v + i);
  }
}

FCIS_MULTIVERSION void AdamWRun(const AdamWParams& p, float clip,
                                const float* factors, const float* g, int64_t n,
                                float* w, float* m, float* v) {
  if (factors == nullptr) {
    for (int64_t i = 0; i < n; ++i) {
      AdamWUpdate(p, g[i] * clip, w + i, m + i, v + i);
    }
    return;
  }
  for (int64_t i = 0; i < n; ++i) {
    AdamWUpdate(p, g[i] * factors[i] * clip, w + i, m + i, v + i);
  }
}

FCIS_MULTIVERSION void AverageRun(float decay, const float* w, int64_t n,
                                  float* e) {
  for (int64_t i = 0; i < n; ++i) AveragedUpdate(decay, w[i], e + i);
}

FCIS_MULTIVERSION void AddRun(const float* a, const float* b, int64_t n,
                              float* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = a[i] + b[i];
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
    ParallelFor((n + kChunk - 1) / kChunk, 1, [&](int64_t from, int64_t to) {
      for (int64_t c = from; c < to; ++c) {
        body(c, c * kChunk, std::min(n, (c + 1) * kChunk), nullptr);
      }
    });
    return;
  }
  const int64_t segment = factors.segment();
  ParallelFor(n / segment, std::max<int64_t>(1, kChunk / segment),
              [&](int64_t from, int64_t to) {
                for (int64_t s = from; s < to; ++s) {
                  body(s, s * segment, (s + 1) * segment,
                       factors.of_segment(s));
                }
              });
}

int64_t NumChunks(const OutputFactors& factors) {
  return factors.all_one() ? (factors.size() + kChunk - 1) / kChunk
                           : factors.size() / factors.segment();
}

class HostSums : public ParameterSums {
 public:
  explicit HostSums(Communicator* job) : job_(job) {}

  absl::Status Start(float* values, int64_t n) override {
    return job_->StartSum(absl::MakeSpan(values, n));
  }
  absl::Status Progress() override { return job_->ProgressSums(); }
  absl::Status Finish() override { return job_->FinishSums(); }

 private:
  Communicator* const job_;
};

void Average(const UpdateArrays& a, int64_t begin, int64_t end) {
  if (a.average == nullptr) return;
  AverageRun(a.average_decay, a.value + begin, end - begin, a.average + begin);
}

}  // namespace

absl::StatusOr<Tensor> HostParameterMath::Zeros(int64_t n) {
  return Tensor::Zeros({n});
}

absl::Status HostParameterMath::Fetch(const float* from, int64_t n,
                                      float* host) {
  std::copy_n(from, n, host);
  return absl::OkStatus();
}

absl::Status HostParameterMath::Put(const float* host, int64_t n, float* to) {
  std::copy_n(host, n, to);
  return absl::OkStatus();
}

absl::StatusOr<ParameterFactors> HostParameterMath::Prepare(
    const OutputFactors* factors) {
  return ParameterFactors{factors, Tensor()};
}

absl::Status HostParameterMath::Add(const float* a, const float* b, int64_t n,
                                    float* to) {
  AddRun(a, b, n, to);
  return absl::OkStatus();
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
                 SgdRun(params, a.clip, factors, a.gradient + begin,
                        end - begin, a.value + begin, a.first + begin);
                 Average(a, begin, end);
               });
  return absl::OkStatus();
}

absl::Status HostParameterMath::AdamW(const AdamWParams& params,
                                      const UpdateArrays& a) {
  ForEachChunk(*a.factors->factors, [&](int64_t, int64_t begin, int64_t end,
                                        const float* factors) {
    AdamWRun(params, a.clip, factors, a.gradient + begin, end - begin,
             a.value + begin, a.first + begin, a.second + begin);
    Average(a, begin, end);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ParameterSums>> HostParameterMath::SumsOver(
    Communicator* job, SumType type) {
  if (type != SumType::kF32) {
    return absl::InvalidArgumentError(
        "gradients in the host's memory are summed in f32 only; sums in bf16 "
        "need GPUs");
  }
  return absl::make_unique<HostSums>(job);
}

}  // namespace fcis
