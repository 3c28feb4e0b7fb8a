// Sums over processes of the emulated device's memory, by way of the host's.
#ifndef FCIS_KERNELS_CUDA_EMULATED_SUMS_H_
#define FCIS_KERNELS_CUDA_EMULATED_SUMS_H_

#include <algorithm>
#include <cstdint>
#include <list>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/kernels/train/parameter_sums.h"

namespace fcis {
namespace cuda {

class EmulatedSums : public ParameterSums {
 public:
  explicit EmulatedSums(Communicator* job) : job_(job) {}

  absl::Status Start(float* values, int64_t n) override {
    under_way_.emplace_back(values, std::vector<float>(values, values + n));
    return job_->StartSum(absl::MakeSpan(under_way_.back().second));
  }
  absl::Status Progress() override { return job_->ProgressSums(); }
  absl::Status Finish() override {
    RETURN_IF_ERROR(job_->FinishSums());
    for (const auto& [to, sums] : under_way_) {
      std::copy(sums.begin(), sums.end(), to);
    }
    under_way_.clear();
    return absl::OkStatus();
  }

 private:
  Communicator* const job_;
  // Where to, and a copy that does not move.
  std::list<std::pair<float*, std::vector<float>>> under_way_;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_EMULATED_SUMS_H_
