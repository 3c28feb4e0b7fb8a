#include "fcis/core/tensor/block_cache.h"

#include <algorithm>
#include <cstdlib>
#include <new>
#include <utility>

#include "fcis/core/base/huge_pages.h"
#include "fcis/core/base/round_up.h"

namespace fcis {
namespace {

constexpr int64_t kAlignment = 64;
constexpr int64_t kHuge = int64_t{kHugePage};

// Enough for the activations of a picture of 1000 x 600 pixels.
constexpr int64_t kGlobalCapacity = int64_t{192} << 20;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kRecycle = false;  // it would hide a use after free
#else
constexpr bool kRecycle = true;
#endif

// Enough for all that a picture needs beside them.
constexpr int64_t kSmallCapacity = int64_t{16} << 20;

// Transparent huge pages need 2 MiB alignment; much smaller blocks would only
// waste memory.
bool UseHugePages(int64_t bytes) { return bytes >= kHuge / 8 * 3; }

int Log2(int64_t n) { return 63 - __builtin_clzll(static_cast<uint64_t>(n)); }

// Small blocks come in four sizes per power of two.
int64_t SizeOfBlock(int64_t bytes) {
  const int64_t n = std::max(bytes, kAlignment);
  const int64_t unit = UseHugePages(bytes)
                           ? kHuge
                           : std::max(kAlignment, int64_t{1} << (Log2(n) - 2));
  return RoundUp(n, unit);
}

// Of a small block's size, from 0 on.
size_t IndexOf(int64_t size) {
  const int log = Log2(size);
  return static_cast<size_t>(4 * (log - Log2(kAlignment)) +
                             (size >> (log - 2)) - 4);
}

// Null: there is none.
void* NewMemory(int64_t size) {
  const bool huge = size % kHuge == 0;
  const auto bytes = static_cast<size_t>(size);
  return huge ? AllocateHugePages(bytes)
              : std::aligned_alloc(kAlignment, bytes);
}

}  // namespace

BlockCache::~BlockCache() {
  GiveBack();
  for (Small* first : small_) {
    while (first != nullptr) std::free(std::exchange(first, first->next));
  }
}

std::shared_ptr<void> BlockCache::Allocate(int64_t bytes) {
  const Block block = New(bytes);
  return std::shared_ptr<void>(
      block.memory, [this, block](void*) { Release(block); },
      RecyclingAllocator<char>());
}

void* BlockCache::Get(int64_t bytes) { return New(bytes).memory; }

void BlockCache::Put(void* memory, int64_t bytes) {
  Release({memory, SizeOfBlock(bytes)});
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

BlockCache::Block BlockCache::New(int64_t bytes) {
  const int64_t size = SizeOfBlock(bytes);
  Block block = {nullptr, 0};
  if (kRecycle) block = UseHugePages(bytes) ? Take(size) : TakeSmall(size);
  if (block.memory != nullptr) return block;
  block = {NewMemory(size), size};
  if (block.memory == nullptr) {
    GiveBack();
    block.memory = NewMemory(size);
  }
  if (block.memory == nullptr) throw std::bad_alloc();
  return block;
}

void BlockCache::GiveBack() {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Block& block : kept_) std::free(block.memory);
  kept_.clear();
  kept_bytes_ = 0;
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

BlockCache::Block BlockCache::TakeSmall(int64_t size) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Small*& first = small_[IndexOf(size)];
  if (first == nullptr) return {nullptr, 0};
  small_bytes_ -= size;
  return {std::exchange(first, first->next), size};
}

void BlockCache::ReleaseSmall(Block block) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (small_bytes_ + block.size > kSmallCapacity) {
    std::free(block.memory);
    return;
  }
  small_bytes_ += block.size;
  Small*& first = small_[IndexOf(block.size)];
  first = new (block.memory) Small{first};
}

void BlockCache::Release(Block block) {
  if (!kRecycle) return std::free(block.memory);
  if (block.size % kHuge != 0) return ReleaseSmall(block);
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
