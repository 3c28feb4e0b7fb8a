// Sums over processes of the emulated device's memory, by way of the host's.
#ifndef FCIS_KERNELS_CUDA_EMULATED_SUMS_H_
#define FCIS_KERNELS_CUDA_EMULATED_SUMS_H_

#include <cstdint>
#include <list>

#include "absl/status/status.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bf16.h"
#include "fcis/kernels/cuda/device_sums.h"
#include "fcis/kernels/map_type.h"

namespace fcis {
namespace cuda {

class EmulatedSums : public DeviceSums {
 public:
  // type: f32 or bf16.
  EmulatedSums(Communicator* job, DType type) : job_(job), type_(type) {}

  absl::Status Start(void* values, int64_t n) override {
    const Tensor there = Tensor::View({n}, type_, values, nullptr);
    under_way_.push_back({values, AsF32(there).Clone()});
    return job_->StartSum(under_way_.back().sums.mutable_span<float>());
  }
  absl::Status Progress() override { return job_->ProgressSums(); }
  absl::Status Finish() override {
    RETURN_IF_ERROR(job_->FinishSums());
    for (const Sum& sum : under_way_) {
      WithMapType(type_, [&](auto t) {
        auto* to = static_cast<MapElement<decltype(t)>*>(sum.to);
        for (const float v : sum.sums.span<float>()) StoreF32(v, to++);
      });
    }
    under_way_.clear();
    return absl::OkStatus();
  }

 private:
  struct Sum {
    void* to;
    Tensor sums;  // does not move
  };

  Communicator* const job_;
  const DType type_;
  std::list<Sum> under_way_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_EMULATED_SUMS_H_
