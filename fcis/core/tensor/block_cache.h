// Memory that is recycled: a network and what follows it ask for the same sizes
// for every picture, and fresh pages cost more than some layers.
#ifndef FCIS_CORE_TENSOR_BLOCK_CACHE_H_
#define FCIS_CORE_TENSOR_BLOCK_CACHE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace fcis {

// Thread-safe.
class BlockCache {
 public:
  // Keeps up to `capacity` bytes of large released blocks (from 0.75 MiB on),
  // the latest ones, until there is no other memory, and 16 MiB of small ones.
  explicit BlockCache(int64_t capacity) : capacity_(capacity) {}
  ~BlockCache();

  // Uninitialised memory of at least `bytes` >= 0, 64-byte aligned, large
  // blocks on huge pages where the system grants them. The block comes back
  // when the last copy of the pointer goes; the cache must outlive it.
  std::shared_ptr<void> Allocate(int64_t bytes);
  // The same, to be given back by hand with the same number of bytes.
  void* Get(int64_t bytes);
  void Put(void* memory, int64_t bytes);

  // Raises the capacity to this one.
  void KeepAtLeast(int64_t capacity);

  // Bytes of large released blocks that are kept.
  int64_t kept_bytes();

  // The cache of all tensors; never destroyed.
  static BlockCache& Global();

 private:
  struct Block {
    void* memory;
    int64_t size;
  };

  // A small block that is kept; the next one of its size.
  struct Small {
    Small* next;
  };

  Block New(int64_t bytes);
  // The large blocks that are kept.
  void GiveBack();
  // A kept block of at least `size`, not much larger; null: none.
  Block Take(int64_t size);
  Block TakeSmall(int64_t size);
  void Release(Block block);
  void ReleaseSmall(Block block);

  std::mutex mutex_;
  int64_t capacity_;         // guarded by mutex_
  std::vector<Block> kept_;  // guarded by mutex_, oldest first
  int64_t kept_bytes_ = 0;   // guarded by mutex_
  static constexpr int kSmallSizes = 64;
  std::array<Small*, kSmallSizes> small_ = {};  // guarded by mutex_
  int64_t small_bytes_ = 0;                     // guarded by mutex_
};

// Of the global cache, for containers that live as long as one picture.
template <typename T>
struct RecyclingAllocator {
  using value_type = T;

  RecyclingAllocator() = default;
  template <typename U>
  RecyclingAllocator(const RecyclingAllocator<U>&) {}  // NOLINT: rebinding

  T* allocate(size_t n) {
    return static_cast<T*>(
        BlockCache::Global().Get(static_cast<int64_t>(n * sizeof(T))));
  }
  void deallocate(T* memory, size_t n) {
    BlockCache::Global().Put(memory, static_cast<int64_t>(n * sizeof(T)));
  }
  friend bool operator==(RecyclingAllocator, RecyclingAllocator) {
    return true;
  }
  friend bool operator!=(RecyclingAllocator, RecyclingAllocator) {
    return false;
  }
};
template <typename T>
using RecycledVector = std::vector<T, RecyclingAllocator<T>>;

}  // namespace fcis

#endif  // FCIS_CORE_TENSOR_BLOCK_CACHE_H_
