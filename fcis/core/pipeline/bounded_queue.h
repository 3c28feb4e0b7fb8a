// A queue between two threads that holds only so many items: a fast producer
// waits instead of filling the memory.
#ifndef FCIS_CORE_PIPELINE_BOUNDED_QUEUE_H_
#define FCIS_CORE_PIPELINE_BOUNDED_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace fcis {

template <typename T>
class BoundedQueue {
 public:
  // capacity >= 1.
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // Waits while full. The queue must not be closed.
  void Push(T item) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return items_.size() < capacity_; });
    items_.push_back(std::move(item));
    changed_.notify_all();
  }

  // No item will follow.
  void Close() {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

  // The oldest item; waits while empty. nullopt: closed and all were taken.
  std::optional<T> Pop() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !items_.empty() || closed_; });
    if (items_.empty()) return std::nullopt;
    std::optional<T> item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

 private:
  const size_t capacity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace fcis

#endif  // FCIS_CORE_PIPELINE_BOUNDED_QUEUE_H_
