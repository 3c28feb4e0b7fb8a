#include "fcis/kernels/train/parameter_math.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/bodies/map_bodies.h"
#include "fcis/kernels/bodies/update_bodies.h"
#include "fcis/kernels/device/compute_device.h"
#include "fcis/kernels/device/device_ops.h"

namespace fcis::kernels {
namespace {

// Sums of f32 arrays of which bf16 travels: values are rounded beside them,
// summed there, and widened when the sums are there.
class RoundedSums : public AllReduce {
 public:
  // The device outlives it. sums: of bf16.
  RoundedSums(ComputeDevice* device, std::unique_ptr<AllReduce> sums)
      : device_(device), sums_(std::move(sums)) {}

  absl::Status Start(void* values, int64_t n) override {
    auto* const from = static_cast<float*>(values);
    ASSIGN_OR_RETURN(Tensor rounded, device_->Allocate({n}, DType::kBF16));
    auto* const to = MutableElements<uint16_t>(&rounded);
    RETURN_IF_ERROR(
        ForEach(device_, ConvertBody<float, uint16_t>{from, to}, n));
    under_way_.emplace_back(from, rounded);
    return sums_->Start(to, n);
  }
  absl::Status Progress() override { return sums_->Progress(); }
  absl::Status Finish() override {
    RETURN_IF_ERROR(sums_->Finish());
    for (const auto& [to, rounded] : under_way_) {
      const ConvertBody<uint16_t, float> body = {Elements<uint16_t>(rounded),
                                                 to};
      RETURN_IF_ERROR(ForEach(device_, body, rounded.num_elements()));
    }
    under_way_.clear();
    return absl::OkStatus();
  }

 private:
  ComputeDevice* const device_;
  // Where to, and the rounded values; they outlive the sums that read them.
  std::vector<std::pair<float*, Tensor>> under_way_;
  const std::unique_ptr<AllReduce> sums_;
};

// Enough threads for the largest parameters, few sums for small ones.
int64_t SumsOfSquares(const GradientView& g) {
  return std::min<int64_t>(4096, (g.factors->factors->size() + 63) / 64);
}

FactorOf FactorsIn(const ParameterFactors& f) {
  return FactorsIn(*f.factors, f.prepared);
}

Update<FactorOf> UpdateOf(const UpdateArrays& a) {
  return {FactorsIn(*a.factors),
          a.clip,
          a.gradient,
          a.value,
          a.first,
          a.second,
          a.average,
          a.average_decay};
}

}  // namespace

Device ParameterMath::device() const { return device_->type(); }

absl::StatusOr<Tensor> ParameterMath::Zeros(int64_t n) {
  ASSIGN_OR_RETURN(Tensor t, device_->Allocate({n}, DType::kF32));
  RETURN_IF_ERROR(ForEach(device_, FillBody{0, MutableElements<float>(&t)}, n));
  return t;
}

absl::Status ParameterMath::Fetch(const float* from, int64_t n, float* host) {
  return device_->Read(from, n * sizeof(float), host);
}

absl::Status ParameterMath::Put(const float* host, int64_t n, float* to) {
  return device_->Write(host, n * sizeof(float), to);
}

absl::StatusOr<ParameterFactors> ParameterMath::Prepare(
    const OutputFactors* factors) {
  ASSIGN_OR_RETURN(const Tensor prepared, SegmentFactors(*factors, device_));
  return ParameterFactors{factors, prepared};
}

absl::Status ParameterMath::Add(const float* a, const float* b, int64_t n,
                                float* to) {
  return ForEach(device_, AddBody{a, b, to}, n);
}

absl::StatusOr<double> ParameterMath::SquaredNorm(
    absl::Span<const GradientView> gradients) {
  int64_t total = 0;
  for (const GradientView& g : gradients) total += SumsOfSquares(g);
  ASSIGN_OR_RETURN(Tensor sums, device_->Allocate({total}, DType::kF64));
  double* to = MutableElements<double>(&sums);
  for (const GradientView& g : gradients) {
    const int64_t parts = SumsOfSquares(g);
    const SquaresBody body = {FactorsIn(*g.factors), g.factors->factors->size(),
                              parts, g.gradient, to};
    RETURN_IF_ERROR(ForEach(device_, body, parts));
    to += parts;
  }
  ASSIGN_OR_RETURN(const Tensor host, device_->ToHost(sums));
  double sum = 0;
  for (const double s : host.span<double>()) sum += s;
  return sum;
}

absl::Status ParameterMath::Sgd(const SgdParams& params,
                                const UpdateArrays& a) {
  return ForEach(device_, SgdBody<FactorOf>{params, UpdateOf(a)},
                 a.factors->factors->size());
}

absl::Status ParameterMath::AdamW(const AdamWParams& params,
                                  const UpdateArrays& a) {
  return ForEach(device_, AdamWBody<FactorOf>{params, UpdateOf(a)},
                 a.factors->factors->size());
}

absl::StatusOr<std::unique_ptr<AllReduce>> ParameterMath::SumsOver(
    Communicator* job, SumType type) {
  if (type == SumType::kF32) return device_->SumsOver(job, DType::kF32);
  ASSIGN_OR_RETURN(std::unique_ptr<AllReduce> sums,
                   device_->SumsOver(job, DType::kBF16));
  return std::make_unique<RoundedSums>(device_, std::move(sums));
}

}  // namespace fcis::kernels
