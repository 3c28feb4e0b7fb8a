#include "fcis/core/io/file_lock.h"

#include <atomic>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(FileLockTest, TheSecondWaitsForTheFirst) {
  const std::string path = ::testing::TempDir() + "/a.lock";
  bool waited = false;
  auto first = FileLock::Acquire(path, [&] { waited = true; });
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_FALSE(waited);

  std::atomic<bool> released{false}, second_waits{false};
  bool ordered = false;
  std::thread second([&] {
    const auto lock = FileLock::Acquire(path, [&] { second_waits = true; });
    ordered = lock.ok() && released;
  });
  while (!second_waits) std::this_thread::yield();
  released = true;
  first->reset();
  second.join();
  EXPECT_TRUE(ordered);
}

TEST(FileLockTest, TryAcquireDoesNotWait) {
  const std::string path = ::testing::TempDir() + "/b.lock";
  auto first = FileLock::TryAcquire(path);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_NE(*first, nullptr);
  const auto second = FileLock::TryAcquire(path);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(*second, nullptr);
  first->reset();
  EXPECT_NE(*FileLock::TryAcquire(path), nullptr);
}

TEST(FileLockTest, UnwritableDirectoryIsNamed) {
  EXPECT_THAT(FileLock::Acquire("/no/such/a.lock", [] {}).status().ToString(),
              ::testing::HasSubstr("/no/such/a.lock"));
}

}  // namespace
}  // namespace fcis
