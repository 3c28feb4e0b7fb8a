#include "fcis/train/trainer/gradient_reducer.h"

#include <algorithm>

#include "absl/memory/memory.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::train {

absl::StatusOr<std::unique_ptr<GradientReducer>> GradientReducer::Create(
    TrainNetwork* network, Communicator* job, SumType type,
    int64_t bucket_elements) {
  auto reducer = absl::WrapUnique(new GradientReducer);
  reducer->network_ = network;
  reducer->bucket_elements_ = bucket_elements;
  const float* begin = network->gradients();
  for (const Parameter* p : network->parameters()) {
    reducer->ends_.push_back(p->gradient - begin + p->size());
  }
  if (job->size() > 1) {
    ASSIGN_OR_RETURN(reducer->sums_, network->math()->SumsOver(job, type));
  }
  return reducer;
}

void GradientReducer::Send(int64_t end) {
  status_.Update(sums_->Start(network_->gradients() + sent_, end - sent_));
  sent_ = end;
}

void GradientReducer::Ready(int parameters) {
  if (sums_ == nullptr) return;
  const int64_t ready = parameters == 0 ? 0 : ends_[parameters - 1];
  if (ready - sent_ >= bucket_elements_) Send(ready);
  status_.Update(sums_->Progress());
}

absl::Status GradientReducer::Finish() {
  if (sums_ != nullptr) {
    const int64_t all = network_->num_values();
    // MPI counts elements in int.
    while (sent_ < all) Send(std::min(all, sent_ + (int64_t{1} << 28)));
    status_.Update(sums_->Finish());
    sent_ = 0;
  }
  const absl::Status status = status_;
  status_ = absl::OkStatus();
  return status;
}

}  // namespace fcis::train
