// Sums of f32 arrays in an executor's memory (body_ops.h) of which bf16
// travels.
#ifndef FCIS_KERNELS_BODIES_BODY_SUMS_H_
#define FCIS_KERNELS_BODIES_BODY_SUMS_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/map_bodies.h"

namespace fcis::kernels {
namespace cuda {

// Values are rounded to bf16 beside them, summed there, and widened when the
// sums are there.
template <typename Executor>
class RoundedSums : public AllReduce {
 public:
  // The executor outlives it. sums: of bf16.
  RoundedSums(Executor* executor, std::unique_ptr<AllReduce> sums)
      : run_(executor), sums_(std::move(sums)) {}

  absl::Status Start(void* values, int64_t n) override {
    auto* const from = static_cast<float*>(values);
    ASSIGN_OR_RETURN(Tensor rounded, run_->Allocate({n}, DType::kBF16));
    auto* const to = static_cast<uint16_t*>(rounded.mutable_raw());
    RETURN_IF_ERROR(run_->Run(ConvertBody<float, uint16_t>{from, to}, n));
    under_way_.emplace_back(from, rounded);
    return sums_->Start(to, n);
  }
  absl::Status Progress() override { return sums_->Progress(); }
  absl::Status Finish() override {
    RETURN_IF_ERROR(sums_->Finish());
    for (const auto& [to, rounded] : under_way_) {
      const auto* const from = static_cast<const uint16_t*>(rounded.raw());
      RETURN_IF_ERROR(run_->Run(ConvertBody<uint16_t, float>{from, to},
                                rounded.num_elements()));
    }
    under_way_.clear();
    return absl::OkStatus();
  }

 private:
  Executor* const run_;
  // Where to, and the rounded values; they outlive the sums that read them.
  std::vector<std::pair<float*, Tensor>> under_way_;
  const std::unique_ptr<AllReduce> sums_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_BODY_SUMS_H_
