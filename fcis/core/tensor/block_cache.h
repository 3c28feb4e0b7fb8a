// Memory for large tensors that is recycled: a network asks for the same sizes
// for every picture, and fresh pages cost more than some of its layers.
#ifndef FCIS_CORE_TENSOR_BLOCK_CACHE_H_
#define FCIS_CORE_TENSOR_BLOCK_CACHE_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace fcis {

// Thread-safe.
class BlockCache {
 public:
  // Keeps up to `capacity` bytes of released blocks, the latest ones.
  explicit BlockCache(int64_t capacity) : capacity_(capacity) {}
  ~BlockCache();

  // Uninitialised memory of at least `bytes` >= 0, 64-byte aligned, large
  // blocks on huge pages where the system grants them. The block comes back
  // when the last copy of the pointer goes; the cache must outlive it.
  std::shared_ptr<void> Allocate(int64_t bytes);

  // Raises the capacity to this one.
  void KeepAtLeast(int64_t capacity);

  // Bytes of released blocks that are kept.
  int64_t kept_bytes();

  // The cache of all tensors; never destroyed.
  static BlockCache& Global();

 private:
  struct Block {
    void* memory;
    int64_t size;
  };

  // A kept block of at least `size`, not much larger; null: none.
  Block Take(int64_t size);
  void Release(Block block);

  std::mutex mutex_;
  int64_t capacity_;         // guarded by mutex_
  std::vector<Block> kept_;  // guarded by mutex_, oldest first
  int64_t kept_bytes_ = 0;   // guarded by mutex_
};

}  // namespace fcis

#endif  // FCIS_CORE_TENSOR_BLOCK_CACHE_H_
