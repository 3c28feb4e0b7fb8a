// ParameterMath on an executor (body_ops.h).
#ifndef FCIS_KERNELS_BODIES_BODY_PARAMETER_MATH_H_
#define FCIS_KERNELS_BODIES_BODY_PARAMETER_MATH_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/body_ops.h"
#include "fcis/kernels/bodies/body_sums.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/train/parameter_math.h"

namespace fcis::kernels {
namespace cuda {

// One factor per segment, on the device; empty where all are 1. Segments are
// CHECKed to have one factor each.
template <typename Executor>
absl::StatusOr<Tensor> SegmentFactors(const OutputFactors& factors,
                                      Executor* executor) {
  if (factors.all_one()) return Tensor();
  const int64_t length = factors.segment();
  Tensor host({factors.size() / length});
  for (int64_t s = 0; s < host.num_elements(); ++s) {
    const float* segment = factors.of_segment(s);
    ABSL_RAW_CHECK(std::all_of(segment, segment + length,
                               [&](float f) { return f == segment[0]; }),
                   "a segment has several factors");
    host.mutable_data<float>()[s] = segment[0];
  }
  return executor->ToDevice(host);
}

inline FactorOf FactorsIn(const ParameterFactors& f) {
  if (f.factors->all_one()) return {nullptr, 1};
  return {Elements<float>(f.prepared), f.factors->segment()};
}

template <typename Executor>
class BodyParameterMath : public ParameterMath {
 public:
  // The executor outlives it.
  explicit BodyParameterMath(Executor* executor) : run_(executor) {}

  Device device() const override { return Device::kCuda; }

  absl::StatusOr<Tensor> Zeros(int64_t n) override {
    ASSIGN_OR_RETURN(Tensor t, run_->Allocate({n}, DType::kF32));
    RETURN_IF_ERROR(run_->Run(FillBody{0, MutableElements<float>(&t)}, n));
    return t;
  }
  absl::Status Fetch(const float* from, int64_t n, float* host) override {
    return run_->Read(from, n * sizeof(float), host);
  }
  absl::Status Put(const float* host, int64_t n, float* to) override {
    return run_->Write(host, n * sizeof(float), to);
  }

  absl::StatusOr<ParameterFactors> Prepare(
      const OutputFactors* factors) override {
    ASSIGN_OR_RETURN(const Tensor prepared, SegmentFactors(*factors, run_));
    return ParameterFactors{factors, prepared};
  }

  absl::Status Add(const float* a, const float* b, int64_t n,
                   float* to) override {
    return run_->Run(AddBody{a, b, to}, n);
  }

  absl::StatusOr<double> SquaredNorm(
      absl::Span<const GradientView> gradients) override {
    int64_t total = 0;
    for (const GradientView& g : gradients) total += PartsOf(g);
    ASSIGN_OR_RETURN(Tensor sums, run_->Allocate({total}, DType::kF64));
    double* to = MutableElements<double>(&sums);
    for (const GradientView& g : gradients) {
      const OutputFactors& factors = *g.factors->factors;
      const int64_t parts = PartsOf(g);
      RETURN_IF_ERROR(
          run_->Run(SquaresBody{FactorsIn(*g.factors), factors.size(), parts,
                                g.gradient, to},
                    parts));
      to += parts;
    }
    ASSIGN_OR_RETURN(const Tensor host, run_->ToHost(sums));
    double sum = 0;
    for (const double s : host.span<double>()) sum += s;
    return sum;
  }

  absl::Status Sgd(const SgdParams& params, const UpdateArrays& a) override {
    return run_->Run(SgdBody<FactorOf>{params, UpdateOf(a)},
                     a.factors->factors->size());
  }
  absl::Status AdamW(const AdamWParams& params,
                     const UpdateArrays& a) override {
    return run_->Run(AdamWBody<FactorOf>{params, UpdateOf(a)},
                     a.factors->factors->size());
  }

  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      SumType type) override {
    if (type == SumType::kF32) return run_->SumsOver(job, DType::kF32);
    ASSIGN_OR_RETURN(std::unique_ptr<AllReduce> sums,
                     run_->SumsOver(job, DType::kBF16));
    return absl::make_unique<RoundedSums<Executor>>(run_, std::move(sums));
  }

 private:
  // Enough threads for the largest parameters, few sums for small ones.
  static int64_t PartsOf(const GradientView& g) {
    return std::min<int64_t>(4096, (g.factors->factors->size() + 63) / 64);
  }

  static Update<FactorOf> UpdateOf(const UpdateArrays& a) {
    return {FactorsIn(*a.factors),
            a.clip,
            a.gradient,
            a.value,
            a.first,
            a.second,
            a.average,
            a.average_decay};
  }

  Executor* const run_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_BODY_PARAMETER_MATH_H_
