// Adds up the gradients of all processes while the backward pass still makes
// some of them.
#ifndef FCIS_TRAIN_TRAINER_GRADIENT_REDUCER_H_
#define FCIS_TRAIN_TRAINER_GRADIENT_REDUCER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/train/network/train_network.h"

namespace fcis::train {

class GradientReducer {
 public:
  // Sums travel in buckets of about `bucket_elements` values. Both outlive the
  // reducer.
  // Called by all processes of the job. Errors: ParameterMath::SumsOver.
  static absl::StatusOr<std::unique_ptr<GradientReducer>> Create(
      TrainNetwork* network, Communicator* job, SumType type = SumType::kF32,
      int64_t bucket_elements = int64_t{4} << 20);

  // The first `parameters` parameters have their final gradient; never fewer
  // than before within an iteration. Starts the sums of full buckets.
  void Ready(int parameters);

  // Starts what is left and waits; all processes then have the sums. The first
  // error of the iteration.
  absl::Status Finish();

 private:
  GradientReducer() = default;
  void Send(int64_t end);

  TrainNetwork* network_ = nullptr;
  std::unique_ptr<AllReduce> sums_;  // null: a job of one
  int64_t bucket_elements_ = 0;
  std::vector<int64_t> ends_;  // of the parameters in the gradients
  int64_t sent_ = 0;
  absl::Status status_;
};

}  // namespace fcis::train

#endif  // FCIS_TRAIN_TRAINER_GRADIENT_REDUCER_H_
