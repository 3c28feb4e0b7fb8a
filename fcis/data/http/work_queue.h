// Work of many threads, done by a few: so many at a time, and so many that may
// wait.
#ifndef FCIS_DATA_HTTP_WORK_QUEUE_H_
#define FCIS_DATA_HTTP_WORK_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fcis::data {

class WorkQueue {
 public:
  // Of several workers (>= 1) each computes alone (SerialScope), a single one
  // on all threads (parallel.h). `room` requests may wait.
  WorkQueue(int workers, size_t room);
  // Nobody may be in Run.
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Calls `work` in a worker, those who came first first, and returns when it
  // has returned. Errors, without having called it: ResourceExhausted where no
  // more may wait; DeadlineExceeded when it was not its turn by `deadline`, a
  // time of SteadyNow; Cancelled when `gone`, asked now and then, said so
  // before. Internal: it threw.
  absl::Status Run(
      absl::Time deadline, const std::function<void()>& work,
      const std::function<bool()>& gone = [] { return false; });

  size_t room() const { return room_; }
  size_t waiting() const;

 private:
  struct Job {
    const std::function<void()>* work;
    bool begun = false, done = false, threw = false;
  };

  void Work();

  const size_t room_;
  mutable std::mutex mutex_;
  std::condition_variable added_, finished_;
  std::deque<Job*> waiting_;
  int idle_ = 0;  // workers without a job
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_HTTP_WORK_QUEUE_H_
