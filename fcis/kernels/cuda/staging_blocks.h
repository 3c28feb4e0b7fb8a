// Which page-locked blocks of host memory are free: copies between them and a
// GPU go on by themselves. A block is free again when the copy that uses it is
// done, which a mark on the stream of the copies tells.
#ifndef FCIS_KERNELS_CUDA_STAGING_BLOCKS_H_
#define FCIS_KERNELS_CUDA_STAGING_BLOCKS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"

namespace fcis::kernels {
namespace cuda {

// Memory has
//   void* Allocate(int64_t bytes);   null: there is none
//   void Free(void*);
// and Mark, made by default,
//   absl::StatusOr<bool> Reached();
// All marks are of one stream: those that are set later are reached later.
template <typename Memory, typename Mark>
class StagingBlocks {
 public:
  // Sizes are powers of two.
  static constexpr int64_t kSmallest = int64_t{1} << 12;
  static constexpr int64_t kLargest = int64_t{1} << 24;

  struct Block {
    void* memory = nullptr;
    int64_t size = 0;
    Mark mark;
    bool marked = false;  // else it is free at once
  };

  // Never holds more than `capacity` bytes, those taken included.
  StagingBlocks(Memory memory, int64_t capacity)
      : memory_(std::move(memory)), capacity_(capacity) {}
  // Every block was given back and its mark is reached.
  ~StagingBlocks() {
    for (auto& [size, blocks] : waiting_) {
      for (const auto& block : blocks) memory_.Free(block->memory);
    }
  }
  StagingBlocks(const StagingBlocks&) = delete;
  StagingBlocks& operator=(const StagingBlocks&) = delete;

  // A free block of at least `bytes` >= 0, to be given back; null: more than
  // kLargest are asked for, or there is no memory for it.
  std::unique_ptr<Block> Take(int64_t bytes) {
    if (bytes > kLargest) return nullptr;
    int64_t size = kSmallest;
    while (size < bytes) size *= 2;
    Blocks& blocks = waiting_[size];
    if (FirstIsFree(blocks)) return PopFirst(&blocks);
    return MakeRoom(size) ? NewBlock(size) : nullptr;
  }

  // For a copy under way, block->mark was set behind it, and block->marked.
  void GiveBack(std::unique_ptr<Block> block) {
    auto& blocks = waiting_[block->size];
    block->marked ? blocks.push_back(std::move(block))
                  : blocks.push_front(std::move(block));
  }

  int64_t total_bytes() const { return total_bytes_; }

 private:
  using Blocks = std::deque<std::unique_ptr<Block>>;

  // The others of this size are waited for longer.
  static bool FirstIsFree(const Blocks& blocks) {
    if (blocks.empty()) return false;
    Block& first = *blocks.front();
    if (!first.marked) return true;
    // An error comes up again where the results are waited for.
    const absl::StatusOr<bool> reached = first.mark.Reached();
    return reached.ok() && *reached;
  }

  static std::unique_ptr<Block> PopFirst(Blocks* blocks) {
    std::unique_ptr<Block> block = std::move(blocks->front());
    blocks->pop_front();
    block->marked = false;
    return block;
  }

  // Free blocks of other sizes go if they have to.
  bool MakeRoom(int64_t size) {
    for (auto& entry : waiting_) {
      Blocks& blocks = entry.second;
      while (total_bytes_ + size > capacity_ && FirstIsFree(blocks)) {
        const std::unique_ptr<Block> block = PopFirst(&blocks);
        memory_.Free(block->memory);
        total_bytes_ -= block->size;
      }
    }
    return total_bytes_ + size <= capacity_;
  }

  std::unique_ptr<Block> NewBlock(int64_t size) {
    void* const memory = memory_.Allocate(size);
    if (memory == nullptr) return nullptr;
    auto block = std::make_unique<Block>();
    block->memory = memory;
    block->size = size;
    total_bytes_ += size;
    return block;
  }

  Memory memory_;
  const int64_t capacity_;
  int64_t total_bytes_ = 0;
  // By size; of each the first is free first.
  std::map<int64_t, Blocks> waiting_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_STAGING_BLOCKS_H_
