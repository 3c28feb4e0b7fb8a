#include "fcis/kernels/cuda/arena.h"

#include <cstdlib>
#include <vector>

#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

class ArenaTest : public ::testing::Test {
 protected:
  std::shared_ptr<Arena> Make() {
    return std::make_shared<Arena>(
        [this](int64_t bytes) -> absl::StatusOr<std::shared_ptr<void>> {
          if (bytes > limit_) return absl::ResourceExhaustedError("full");
          ++made_;
          ++alive_;
          return std::shared_ptr<void>(std::malloc(bytes), [this](void* p) {
            std::free(p);
            --alive_;
          });
        });
  }

  int64_t limit_ = 1 << 20;
  int made_ = 0, alive_ = 0;
};

TEST_F(ArenaTest, WhatCameBackIsTakenAgain) {
  const auto arena = Make();
  void* first;
  {
    const auto a = *arena->Allocate(100);
    const auto b = *arena->Allocate(100);
    EXPECT_NE(a.get(), b.get());
    first = a.get();
  }
  EXPECT_EQ(made_, 2);
  const auto c = *arena->Allocate(60);
  EXPECT_EQ(c.get(), first);
  EXPECT_EQ(arena->total_bytes(), 200);
}

TEST_F(ArenaTest, ASmallTensorLeavesLargeBlocksAlone) {
  const auto arena = Make();
  ASSERT_TRUE(arena->Allocate(1000).ok());
  const auto small = *arena->Allocate(10);
  EXPECT_EQ(made_, 2);
}

// Sizes for which the best fit among all blocks of the first run would not be
// what the first run took, with some given back in between.
std::vector<void*> Addresses(Arena* arena, absl::Status* status) {
  std::vector<std::shared_ptr<void>> held;
  std::vector<void*> addresses;
  for (const int64_t bytes : {90, 60, 100, 50, 70, 64, 128, 33, 120, 61}) {
    auto memory = arena->Allocate(bytes);
    if (!memory.ok()) {
      *status = memory.status();
      return addresses;
    }
    addresses.push_back(memory->get());
    held.push_back(*memory);
    if (held.size() > 3) held.erase(held.begin() + bytes % 3);
  }
  return addresses;
}

TEST_F(ArenaTest, RewoundItRepeatsItself) {
  const auto arena = Make();
  absl::Status status;
  const std::vector<void*> first = Addresses(arena.get(), &status);
  const int made = made_;
  EXPECT_LT(made, 10);
  for (int repeat = 0; repeat < 2; ++repeat) {
    ASSERT_TRUE(arena->Rewind().ok());
    EXPECT_EQ(Addresses(arena.get(), &status), first);
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(made_, made);
}

TEST_F(ArenaTest, WhatIsNotAsBeforeIsAnError) {
  const auto arena = Make();
  { const auto a = *arena->Allocate(10); }
  ASSERT_TRUE(arena->Rewind().ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(arena->Allocate(11).status()));
  ASSERT_TRUE(arena->Rewind().ok());
  const auto a = *arena->Allocate(10);
  EXPECT_TRUE(absl::IsFailedPrecondition(arena->Allocate(10).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(arena->Rewind()));
  EXPECT_EQ(made_, 1);
}

TEST_F(ArenaTest, TwoAtATimeThatWereOneAfterTheOther) {
  const auto arena = Make();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(arena->Allocate(10).ok());
  ASSERT_TRUE(arena->Rewind().ok());
  const auto a = *arena->Allocate(10);
  EXPECT_TRUE(absl::IsFailedPrecondition(arena->Allocate(10).status()));
}

TEST_F(ArenaTest, NoMemoryIsTheSourcesError) {
  const auto arena = Make();
  limit_ = 5;
  EXPECT_TRUE(absl::IsResourceExhausted(arena->Allocate(6).status()));
  EXPECT_TRUE(arena->Allocate(5).ok());
}

TEST_F(ArenaTest, MemoryOutlivesTheHandleOfTheArena) {
  auto arena = Make();
  auto memory = *arena->Allocate(10);
  { const auto other = *arena->Allocate(10); }
  arena.reset();
  EXPECT_EQ(alive_, 2);
  *static_cast<char*>(memory.get()) = 1;
  memory.reset();
  EXPECT_EQ(alive_, 0);
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
