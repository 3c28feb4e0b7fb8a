#include "fcis/data/http/work_queue.h"

#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/steady_now.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

// Keeps a worker busy from its making until its end.
class Occupied {
 public:
  explicit Occupied(WorkQueue& queue)
      : thread_([this, &queue] {
          EXPECT_TRUE(queue
                          .Run(absl::InfiniteFuture(),
                               [this] {
                                 begun_.Notify();
                                 free_.WaitForNotification();
                               })
                          .ok());
        }) {
    begun_.WaitForNotification();
  }
  ~Occupied() {
    free_.Notify();
    thread_.join();
  }

 private:
  absl::Notification begun_, free_;
  std::thread thread_;
};

// Returns once so many wait.
void AwaitWaiting(const WorkQueue& queue, size_t count) {
  while (queue.waiting() != count) std::this_thread::yield();
}

TEST(WorkQueueTest, RunsAndReturns) {
  WorkQueue queue(2, 0);
  int done = 0;
  EXPECT_TRUE(queue.Run(absl::InfiniteFuture(), [&] { ++done; }).ok());
  EXPECT_TRUE(queue.Run(absl::InfiniteFuture(), [&] { ++done; }).ok());
  EXPECT_EQ(done, 2);
  EXPECT_EQ(queue.waiting(), 0u);
}

TEST(WorkQueueTest, SeveralWorkersComputeAlone) {
  int threads = 0;
  WorkQueue several(2, 0);
  ASSERT_TRUE(
      several.Run(absl::InfiniteFuture(), [&] { threads = NumThreads(); })
          .ok());
  EXPECT_EQ(threads, 1);
  WorkQueue one(1, 0);
  ASSERT_TRUE(
      one.Run(absl::InfiniteFuture(), [&] { threads = NumThreads(); }).ok());
  EXPECT_EQ(threads, NumThreads());
}

TEST(WorkQueueTest, FullAtTheLimitAndNotBefore) {
  WorkQueue queue(1, 2);
  std::atomic<int> done{0};
  std::vector<std::thread> waiting;
  {
    const Occupied occupied(queue);
    for (size_t i = 0; i < 2; ++i) {
      waiting.emplace_back([&] {
        EXPECT_TRUE(queue.Run(absl::InfiniteFuture(), [&] { ++done; }).ok());
      });
      AwaitWaiting(queue, i + 1);
    }
    EXPECT_TRUE(absl::IsResourceExhausted(
        queue.Run(absl::InfiniteFuture(), [&] { done = 100; })));
  }
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(done, 2);
}

TEST(WorkQueueTest, WhoseTurnDoesNotComeIsToldAndForgotten) {
  WorkQueue queue(1, 1);
  const Occupied occupied(queue);
  bool called = false;
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      queue.Run(SteadyNow() + absl::Milliseconds(5), [&] { called = true; })));
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      queue.Run(absl::InfinitePast(), [&] { called = true; })));
  EXPECT_EQ(queue.waiting(), 0u);
  EXPECT_FALSE(called);
}

TEST(WorkQueueTest, WhoLeavesIsForgotten) {
  WorkQueue queue(1, 1);
  const Occupied occupied(queue);
  bool called = false;
  EXPECT_TRUE(absl::IsCancelled(queue.Run(
      absl::InfiniteFuture(), [&] { called = true; }, [] { return true; })));
  EXPECT_EQ(queue.waiting(), 0u);
  EXPECT_FALSE(called);
}

TEST(WorkQueueTest, InTheOrderOfComing) {
  WorkQueue queue(1, 8);
  std::vector<int> order;
  std::vector<std::thread> waiting;
  {
    const Occupied occupied(queue);
    for (int i = 0; i < 8; ++i) {
      waiting.emplace_back([&queue, &order, i] {
        EXPECT_TRUE(
            queue.Run(absl::InfiniteFuture(), [&] { order.push_back(i); })
                .ok());
      });
      AwaitWaiting(queue, static_cast<size_t>(i) + 1);
    }
  }
  for (std::thread& thread : waiting) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(WorkQueueTest, WorkThatThrowsEndsNobody) {
  WorkQueue queue(1, 0);
  EXPECT_TRUE(absl::IsInternal(
      queue.Run(absl::InfiniteFuture(), [] { throw std::bad_alloc(); })));
  EXPECT_TRUE(queue.Run(absl::InfiniteFuture(), [] {}).ok());
}

TEST(WorkQueueTest, ManyThreads) {
  WorkQueue queue(3, 1000);
  std::atomic<int> done{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        EXPECT_TRUE(queue.Run(absl::InfiniteFuture(), [&] { ++done; }).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 1000);
}

}  // namespace
}  // namespace fcis::data
