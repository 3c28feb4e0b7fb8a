#include "fcis/core/tensor/block_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>

#include "absl/base/internal/raw_logging.h"

namespace fcis {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHugePage = int64_t{2} << 20;

// Enough for the activations of a picture of 1000 x 600 pixels.
constexpr int64_t kGlobalCapacity = int64_t{192} << 20;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kRecycle = false;  // it would hide a use after free
#else
constexpr bool kRecycle = true;
#endif

// Transparent huge pages need 2 MiB alignment; much smaller blocks would only
// waste memory. They are left to malloc, which does not return them to the
// system at once.
bool UseHugePages(int64_t bytes) { return bytes >= kHugePage / 8 * 3; }

int64_t RoundUp(int64_t bytes) {
  const int64_t unit = UseHugePages(bytes) ? kHugePage : kAlignment;
  return (std::max<int64_t>(bytes, 1) + unit - 1) / unit * unit;
}

void* NewMemory(int64_t size) {
  const bool huge = size % kHugePage == 0;
  void* memory = std::aligned_alloc(huge ? kHugePage : kAlignment, size);
  ABSL_RAW_CHECK(memory != nullptr, "out of memory");
  if (huge) madvise(memory, size, MADV_HUGEPAGE);
  return memory;
}

}  // namespace

BlockCache::~BlockCache() {
  for (const Block& block : kept_) std::free(block.memory);
}

std::shared_ptr<void> BlockCache::Allocate(int64_t bytes) {
  const int64_t size = RoundUp(bytes);
  if (!kRecycle || !UseHugePages(bytes)) {
    return std::shared_ptr<void>(NewMemory(size), std::free);
  }
  Block block = Take(size);
  if (block.memory == nullptr) block = {NewMemory(size), size};
  return std::shared_ptr<void>(block.memory,
                               [this, block](void*) { Release(block); });
}

int64_t BlockCache::kept_bytes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return kept_bytes_;
}

void BlockCache::KeepAtLeast(int64_t capacity) {
  const std::lock_guard<std::mutex> lock(mutex_);
  capacity_ = std::max(capacity_, capacity);
}

BlockCache& BlockCache::Global() {
  static BlockCache* const cache = new BlockCache(kGlobalCapacity);
  return *cache;
}

BlockCache::Block BlockCache::Take(int64_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto best = kept_.end();
  for (auto it = kept_.begin(); it != kept_.end(); ++it) {
    if (it->size < size || it->size > size + size / 4) continue;
    if (best == kept_.end() || it->size <= best->size) best = it;
  }
  if (best == kept_.end()) return {nullptr, 0};
  const Block block = *best;
  kept_.erase(best);
  kept_bytes_ -= block.size;
  return block;
}

void BlockCache::Release(Block block) {
  const std::lock_guard<std::mutex> lock(mutex_);
  kept_.push_back(block);
  kept_bytes_ += block.size;
  size_t stale = 0;
  for (; kept_bytes_ > capacity_; ++stale) {
    kept_bytes_ -= kept_[stale].size;
    std::free(kept_[stale].memory);
  }
  kept_.erase(kept_.begin(), kept_.begin() + stale);
}

}  // namespace fcis
