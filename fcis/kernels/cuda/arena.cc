#include "fcis/kernels/cuda/arena.h"

#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {
namespace cuda {

absl::StatusOr<std::shared_ptr<void>> Arena::Allocate(int64_t bytes) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ASSIGN_OR_RETURN(const size_t index, rewound_ ? Again(bytes) : Choose(bytes));
  Block& block = blocks_[index];
  block.taken = true;
  return std::shared_ptr<void>(
      block.memory.get(),
      [self = shared_from_this(), index](void*) { self->GiveBack(index); });
}

absl::Status Arena::Rewind() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Block& block : blocks_) {
    if (block.taken) {
      return absl::FailedPreconditionError(
          "what is recorded keeps memory from one run to the next");
    }
  }
  rewound_ = true;
  next_ = 0;
  return absl::OkStatus();
}

int64_t Arena::total_bytes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  int64_t total = 0;
  for (const Block& block : blocks_) total += block.size;
  return total;
}

absl::StatusOr<size_t> Arena::Choose(int64_t bytes) {
  size_t best = blocks_.size();
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& b = blocks_[i];
    // A small tensor in a large block makes the next large one a new block.
    if (b.taken || b.size < bytes || b.size / 2 > bytes) continue;
    if (best == blocks_.size() || b.size < blocks_[best].size) best = i;
  }
  if (best == blocks_.size()) {
    ASSIGN_OR_RETURN(std::shared_ptr<void> memory, source_(bytes));
    blocks_.push_back({std::move(memory), bytes, false});
  }
  order_.push_back(best);
  return best;
}

absl::StatusOr<size_t> Arena::Again(int64_t bytes) {
  if (next_ < order_.size()) {
    const size_t index = order_[next_++];
    const Block& block = blocks_[index];
    if (!block.taken && block.size >= bytes) return index;
  }
  return absl::FailedPreconditionError(
      "what is recorded does not allocate the same every time");
}

void Arena::GiveBack(size_t index) {
  const std::lock_guard<std::mutex> lock(mutex_);
  blocks_[index].taken = false;
}

}  // namespace cuda
}  // namespace fcis::kernels
