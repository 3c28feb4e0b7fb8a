#include "fcis/data/http/work_queue.h"

#include <algorithm>
#include <optional>

#include "absl/algorithm/container.h"
#include "absl/time/time.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/steady_now.h"

namespace fcis::data {
namespace {

// How often somebody who waits is asked whether he still does.
constexpr absl::Duration kAskInterval = absl::Milliseconds(200);

}  // namespace

WorkQueue::WorkQueue(int workers, size_t room) : room_(room), idle_(workers) {
  for (int i = 0; i < workers; ++i) {
    threads_.emplace_back([this, workers] {
      std::optional<SerialScope> alone;
      if (workers > 1) alone.emplace();
      Work();
    });
  }
}

WorkQueue::~WorkQueue() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    added_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status WorkQueue::Run(absl::Time deadline,
                            const std::function<void()>& work,
                            const std::function<bool()>& gone) {
  Job job{&work};
  std::unique_lock<std::mutex> lock(mutex_);
  // Who finds an idle worker does not wait.
  if (waiting_.size() >= room_ + static_cast<size_t>(idle_)) {
    return absl::ResourceExhaustedError("too many requests are waiting");
  }
  waiting_.push_back(&job);
  added_.notify_one();
  bool left = false;
  for (absl::Time now = SteadyNow(); !job.begun && !left && now < deadline;
       now = SteadyNow()) {
    finished_.wait_for(
        lock, absl::ToChronoNanoseconds(std::min(deadline - now, kAskInterval)),
        [&] { return job.begun; });
    left = gone();
  }
  if (!job.begun) {
    waiting_.erase(absl::c_find(waiting_, &job));
    return left ? absl::CancelledError("nobody waits for it")
                : absl::DeadlineExceededError("it was not this request's turn");
  }
  finished_.wait(lock, [&] { return job.done; });
  return job.threw ? absl::InternalError("the work threw an exception")
                   : absl::OkStatus();
}

size_t WorkQueue::waiting() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return waiting_.size();
}

void WorkQueue::Work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    added_.wait(lock, [this] { return !waiting_.empty() || closed_; });
    if (waiting_.empty()) return;
    Job& job = *waiting_.front();
    waiting_.pop_front();
    job.begun = true;
    --idle_;
    finished_.notify_all();
    lock.unlock();
    bool threw = false;
    try {  // No memory, for one: others go on.
      (*job.work)();
    } catch (...) {
      threw = true;
    }
    lock.lock();
    job.threw = threw;
    job.done = true;
    ++idle_;
    finished_.notify_all();
  }
}

}  // namespace fcis::data
