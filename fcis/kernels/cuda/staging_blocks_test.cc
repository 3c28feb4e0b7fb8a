#include "fcis/kernels/cuda/staging_blocks.h"

#include <cstdlib>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

// A stream that is done with the marks up to number `done`.
struct FakeStream {
  int set = 0, done = 0, asked = 0;
  bool broken = false;
};

struct FakeMark {
  FakeStream* stream = nullptr;
  int number = 0;

  void Set(FakeStream* to) {
    stream = to;
    number = ++to->set;
  }
  absl::StatusOr<bool> Reached() {
    ++stream->asked;
    if (stream->broken) return absl::InternalError("broken");
    return number <= stream->done;
  }
};

struct FakeMemory {
  std::set<void*>* alive;
  int64_t* limit;

  void* Allocate(int64_t bytes) {
    if (bytes > *limit) return nullptr;
    void* const memory = std::malloc(bytes);
    alive->insert(memory);
    return memory;
  }
  void Free(void* memory) {
    EXPECT_EQ(alive->erase(memory), 1u);
    std::free(memory);
  }
};

using Blocks = StagingBlocks<FakeMemory, FakeMark>;
constexpr int64_t kPage = Blocks::kSmallest;

class StagingBlocksTest : public ::testing::Test {
 protected:
  ~StagingBlocksTest() override { EXPECT_TRUE(alive_.empty()); }

  Blocks Make(int64_t capacity) {
    return Blocks(FakeMemory{&alive_, &limit_}, capacity);
  }
  // Its memory; null where there was none. The copy is under way.
  void* Use(Blocks* blocks, int64_t bytes) {
    auto block = blocks->Take(bytes);
    if (block == nullptr) return nullptr;
    EXPECT_GE(block->size, bytes);
    void* const memory = block->memory;
    block->mark.Set(&stream_);
    block->marked = true;
    blocks->GiveBack(std::move(block));
    return memory;
  }

  std::set<void*> alive_;
  int64_t limit_ = int64_t{1} << 40;
  FakeStream stream_;
};

TEST_F(StagingBlocksTest, SizesArePowersOfTwo) {
  Blocks blocks = Make(int64_t{1} << 30);
  for (const auto& [bytes, size] :
       {std::pair(int64_t{0}, kPage), std::pair(kPage, kPage),
        std::pair(kPage + 1, 2 * kPage),
        std::pair(Blocks::kLargest - 1, Blocks::kLargest)}) {
    auto block = blocks.Take(bytes);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(block->size, size);
    blocks.GiveBack(std::move(block));
  }
  EXPECT_EQ(blocks.Take(Blocks::kLargest + 1), nullptr);
}

TEST_F(StagingBlocksTest, ABlockIsFreeWhenItsCopyIsDone) {
  Blocks blocks = Make(100 * kPage);
  void* const first = Use(&blocks, 10);
  void* const second = Use(&blocks, 10);
  EXPECT_NE(first, second);
  stream_.done = 1;
  EXPECT_EQ(Use(&blocks, 20), first);  // mark 3
  EXPECT_NE(Use(&blocks, 20), second);
  stream_.done = 4;
  EXPECT_EQ(Use(&blocks, 30), second);
  EXPECT_EQ(blocks.total_bytes(), 3 * kPage);
}

TEST_F(StagingBlocksTest, AnUnmarkedBlockIsFreeAtOnce) {
  Blocks blocks = Make(100 * kPage);
  Use(&blocks, 10);
  auto block = blocks.Take(10);
  void* const memory = block->memory;
  blocks.GiveBack(std::move(block));
  stream_.asked = 0;
  EXPECT_EQ(Use(&blocks, 10), memory);
  EXPECT_EQ(stream_.asked, 0);
}

TEST_F(StagingBlocksTest, AskingIsCheapHoweverManyAreUnderWay) {
  Blocks blocks = Make(1000 * kPage);
  for (int i = 0; i < 200; ++i) Use(&blocks, 10);
  EXPECT_EQ(stream_.asked, 199);
}

TEST_F(StagingBlocksTest, CapacityHolds) {
  Blocks blocks = Make(3 * kPage);
  for (int i = 0; i < 3; ++i) EXPECT_NE(Use(&blocks, 10), nullptr);
  EXPECT_EQ(Use(&blocks, 10), nullptr);
  EXPECT_EQ(blocks.total_bytes(), 3 * kPage);
  stream_.done = 1;
  EXPECT_NE(Use(&blocks, 10), nullptr);
}

TEST_F(StagingBlocksTest, FreeBlocksMakeRoomForOtherSizes) {
  Blocks blocks = Make(4 * kPage);
  for (int i = 0; i < 4; ++i) Use(&blocks, 10);
  stream_.done = 1;
  EXPECT_EQ(Use(&blocks, 2 * kPage), nullptr);  // one page is free
  EXPECT_EQ(blocks.total_bytes(), 3 * kPage);
  stream_.done = 2;
  EXPECT_NE(Use(&blocks, 2 * kPage), nullptr);
  EXPECT_EQ(blocks.total_bytes(), 4 * kPage);
  stream_.done = 5;
  EXPECT_NE(Use(&blocks, 4 * kPage), nullptr);
  EXPECT_EQ(alive_.size(), 1u);
}

TEST_F(StagingBlocksTest, NoMemoryIsNoBlock) {
  Blocks blocks = Make(100 * kPage);
  limit_ = kPage;
  EXPECT_EQ(Use(&blocks, 2 * kPage), nullptr);
  EXPECT_EQ(blocks.total_bytes(), 0);
  EXPECT_NE(Use(&blocks, kPage), nullptr);
}

TEST_F(StagingBlocksTest, NothingIsFreeOnABrokenStream) {
  Blocks blocks = Make(2 * kPage);
  void* const first = Use(&blocks, 10);
  stream_.done = 1;
  stream_.broken = true;
  void* const second = Use(&blocks, 10);
  EXPECT_NE(second, nullptr);
  EXPECT_NE(second, first);
  EXPECT_EQ(Use(&blocks, 10), nullptr);
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
