#include "fcis/core/tensor/block_cache.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <memory>
#include <new>
#include <vector>

#include "gtest/gtest.h"

namespace fcis {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;

TEST(BlockCache, MemoryIsAlignedAndWritable) {
  BlockCache cache(64 * kMiB);
  for (const int64_t bytes :
       {int64_t{0}, int64_t{5}, 3 * kMiB / 4 - 32, kMiB, 9 * kMiB}) {
    const std::shared_ptr<void> block = cache.Allocate(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block.get()) % 64, 0u);
    std::memset(block.get(), 1, bytes);
  }
}

TEST(BlockCache, LiveBlocksAreDistinct) {
  BlockCache cache(64 * kMiB);
  const std::shared_ptr<void> a = cache.Allocate(8 * kMiB);
  const std::shared_ptr<void> b = cache.Allocate(8 * kMiB);
  EXPECT_NE(a.get(), b.get());
}

#if !defined(__SANITIZE_ADDRESS__)
TEST(BlockCache, ReleasedBlockServesTheSameSize) {
  BlockCache cache(64 * kMiB);
  void* const first = cache.Allocate(8 * kMiB).get();
  EXPECT_EQ(cache.kept_bytes(), 8 * kMiB);
  const std::shared_ptr<void> again = cache.Allocate(8 * kMiB - 100);
  EXPECT_EQ(again.get(), first);
  EXPECT_EQ(cache.kept_bytes(), 0);
}

TEST(BlockCache, SmallBlocksServeTheirSize) {
  BlockCache cache(64 * kMiB);
  for (const int64_t bytes : {int64_t{1}, int64_t{65}, int64_t{700},
                              int64_t{5000}, 3 * kMiB / 4 - 1}) {
    std::shared_ptr<void> first = cache.Allocate(bytes);
    std::shared_ptr<void> second = cache.Allocate(bytes);
    void* const memory = second.get();
    EXPECT_NE(memory, first.get());
    second.reset();
    EXPECT_EQ(cache.Allocate(bytes).get(), memory);
    EXPECT_NE(cache.Allocate(2 * bytes + 128).get(), memory);
  }
}

TEST(BlockCache, SmallBlocksAreKeptUpToTheirLimit) {
  BlockCache cache(64 * kMiB);
  std::vector<std::shared_ptr<void>> blocks;
  for (int i = 0; i < 40; ++i) blocks.push_back(cache.Allocate(kMiB / 2));
  void* const late = blocks.back().get();
  blocks.clear();
  // The first 16 MiB that came back, which the last block was not among.
  for (int i = 0; i < 32; ++i) {
    blocks.push_back(cache.Allocate(kMiB / 2));
    EXPECT_NE(blocks.back().get(), late);
  }
}

TEST(RecycledVector, TakesWhatTheLastOneLeft) {
  const float* memory;
  {
    RecycledVector<float> first(1000, 1.0f);
    memory = first.data();
  }
  RecycledVector<float> second(1000);
  EXPECT_EQ(second.data(), memory);
  EXPECT_EQ(second[999], 0);
}

TEST(BlockCache, SmallRequestDoesNotTakeALargeBlock) {
  BlockCache cache(64 * kMiB);
  cache.Allocate(32 * kMiB);
  const std::shared_ptr<void> small = cache.Allocate(4 * kMiB);
  EXPECT_EQ(cache.kept_bytes(), 32 * kMiB);
}

TEST(BlockCache, KeepsTheLatestUpToItsCapacity) {
  BlockCache cache(20 * kMiB);
  std::shared_ptr<void> old = cache.Allocate(12 * kMiB);
  std::shared_ptr<void> young = cache.Allocate(16 * kMiB);
  old.reset();
  EXPECT_EQ(cache.kept_bytes(), 12 * kMiB);
  young.reset();
  EXPECT_EQ(cache.kept_bytes(), 16 * kMiB);
}

TEST(BlockCache, TheCapacityCanOnlyGrow) {
  BlockCache cache(20 * kMiB);
  cache.KeepAtLeast(10 * kMiB);
  cache.Allocate(16 * kMiB);
  EXPECT_EQ(cache.kept_bytes(), 16 * kMiB);
  cache.KeepAtLeast(40 * kMiB);
  cache.Allocate(30 * kMiB);
  EXPECT_EQ(cache.kept_bytes(), 30 * kMiB);
}

TEST(BlockCache, BlockAboveTheCapacityIsFreed) {
  BlockCache cache(20 * kMiB);
  cache.Allocate(30 * kMiB);
  EXPECT_EQ(cache.kept_bytes(), 0);
}

TEST(BlockCache, WhatIsKeptGoesBeforeMemoryEnds) {
  BlockCache cache(400 * kMiB);
  cache.Allocate(300 * kMiB);
  EXPECT_EQ(cache.kept_bytes(), 300 * kMiB);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_AS, &before), 0);
  int64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlimit limit = {
      static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + 200 * kMiB),
      before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  EXPECT_NE(cache.Allocate(400 * kMiB), nullptr);
  EXPECT_THROW(cache.Allocate(600 * kMiB), std::bad_alloc);
  ASSERT_EQ(setrlimit(RLIMIT_AS, &before), 0);
}
#endif

}  // namespace
}  // namespace fcis
