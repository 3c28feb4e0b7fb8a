// Sums over processes of bf16 arrays in the emulated device's memory, which is
// the host's, by way of f32.
#ifndef FCIS_KERNELS_CUDA_EMULATED_SUMS_H_
#define FCIS_KERNELS_CUDA_EMULATED_SUMS_H_

#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/map_type.h"

namespace fcis::kernels {
namespace cuda {

class EmulatedBf16Sums : public AllReduce {
 public:
  // sums: of f32.
  explicit EmulatedBf16Sums(std::unique_ptr<AllReduce> sums)
      : sums_(std::move(sums)) {}

  absl::Status Start(void* values, int64_t n) override {
    const Tensor there = Tensor::View({n}, DType::kBF16, values, nullptr);
    under_way_.push_back({static_cast<uint16_t*>(values), AsF32(there)});
    return sums_->Start(under_way_.back().sums.mutable_data<float>(), n);
  }
  absl::Status Progress() override { return sums_->Progress(); }
  absl::Status Finish() override {
    RETURN_IF_ERROR(sums_->Finish());
    for (const Sum& sum : under_way_) {
      uint16_t* to = sum.to;
      for (const float v : sum.sums.span<float>()) *to++ = ToBf16(v);
    }
    under_way_.clear();
    return absl::OkStatus();
  }

 private:
  struct Sum {
    uint16_t* to;
    Tensor sums;  // does not move
  };

  std::list<Sum> under_way_;
  const std::unique_ptr<AllReduce> sums_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_EMULATED_SUMS_H_
