#include "fcis/core/pipeline/bounded_queue.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(BoundedQueueTest, KeepsOrderAcrossThreads) {
  BoundedQueue<int> queue(3);
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) queue.Push(i);
    queue.Close();
  });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(queue.Pop(), i);
  EXPECT_EQ(queue.Pop(), std::nullopt);
  producer.join();
}

TEST(BoundedQueueTest, ClosedQueueStillGivesWhatItHolds) {
  BoundedQueue<std::unique_ptr<int>> queue(2);
  queue.Push(std::make_unique<int>(7));
  queue.Close();
  EXPECT_EQ(**queue.Pop(), 7);
  EXPECT_FALSE(queue.Pop().has_value());
}

TEST(BoundedQueueTest, ProducerWaitsWhileFull) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed{0};
  std::thread producer([&] {
    for (int i = 0; i < 5; ++i) {
      queue.Push(i);
      ++pushed;
    }
  });
  // Long enough for a producer that does not wait to push all five.
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LE(pushed, 2);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(queue.Pop(), i);
  producer.join();
}

}  // namespace
}  // namespace fcis
