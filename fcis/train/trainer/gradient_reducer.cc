#include "fcis/train/trainer/gradient_reducer.h"

#include <algorithm>

namespace fcis {

GradientReducer::GradientReducer(TrainNetwork* network, Communicator* job,
                                 int64_t bucket_elements)
    : network_(network), job_(job), bucket_elements_(bucket_elements) {
  const float* begin = network->gradients().data();
  for (const Parameter* p : network->parameters()) {
    ends_.push_back(p->gradient - begin + p->size());
  }
}

void GradientReducer::Send(int64_t end) {
  status_.Update(
      job_->StartSum(network_->gradients().subspan(sent_, end - sent_)));
  sent_ = end;
}

void GradientReducer::Ready(int parameters) {
  if (job_->size() == 1) return;
  const int64_t ready = parameters == 0 ? 0 : ends_[parameters - 1];
  if (ready - sent_ >= bucket_elements_) Send(ready);
  status_.Update(job_->ProgressSums());
}

absl::Status GradientReducer::Finish() {
  if (job_->size() > 1) {
    const int64_t all = static_cast<int64_t>(network_->gradients().size());
    // MPI counts elements in int.
    while (sent_ < all) Send(std::min(all, sent_ + (int64_t{1} << 28)));
    status_.Update(job_->FinishSums());
    sent_ = 0;
  }
  const absl::Status status = status_;
  status_ = absl::OkStatus();
  return status;
}

}  // namespace fcis
