// Work over a list of items, whose results are wanted in the list's order.
//
// RunPipeline: three stages, each on all threads (parallel.h). With three
// threads or more the stages overlap in time: while item i is finished, item
// i+1 is processed and item i+2 is loaded. With fewer they follow one another:
// side by side they would take the cores from `process`, whose threads wait for
// each other.
//
// RunSideBySide: an item per thread, so that nobody waits for anybody, at the
// cost of memory for as many items. docs/benchmarks.md, "The demo", has both.
#ifndef FCIS_CORE_PIPELINE_PIPELINE_H_
#define FCIS_CORE_PIPELINE_PIPELINE_H_

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/core/pipeline/bounded_queue.h"

namespace fcis {

// For every i of 0..n-1: finish(i, process(i, load(i))). Each stage takes the
// items in order and works on one at a time. Where the stages overlap, `load`
// and `finish` run in threads of their own, and at most `depth` (>= 1) items
// wait between two stages; `process` runs in the caller's thread. Returns when
// all are finished; n <= 0: nothing is called. Failures travel inside the
// stages' results (absl::StatusOr).
template <typename Load, typename Process, typename Finish>
void RunPipeline(int64_t n, size_t depth, const Load& load,
                 const Process& process, const Finish& finish) {
  constexpr int kThreadsToOverlap = 3;
  if (NumThreads() < kThreadsToOverlap) {
    for (int64_t i = 0; i < n; ++i) finish(i, process(i, load(i)));
    return;
  }
  using Loaded = std::invoke_result_t<Load, int64_t>;
  using Processed = std::invoke_result_t<Process, int64_t, Loaded>;
  BoundedQueue<Loaded> loaded(depth);
  BoundedQueue<Processed> processed(depth);
  std::thread loader([&] {
    for (int64_t i = 0; i < n; ++i) loaded.Push(load(i));
    loaded.Close();
  });
  std::thread finisher([&] {
    int64_t i = 0;
    while (std::optional<Processed> item = processed.Pop()) {
      finish(i++, *std::move(item));
    }
  });
  int64_t i = 0;
  while (std::optional<Loaded> item = loaded.Pop()) {
    processed.Push(process(i, *std::move(item)));
    ++i;
  }
  processed.Close();
  loader.join();
  finisher.join();
}

// For every i of 0..n-1: finish(i, work(i)). So many `threads` (>= 1), the
// caller's among them, take the items in order and work on one each, alone
// (SerialScope). `finish` gets the results in order, one at a time, in any of
// these threads. At most 2 * threads items are begun and not finished. Returns
// when all are finished; n <= 0: nothing is called.
template <typename Work, typename Finish>
void RunSideBySide(int64_t n, int threads, const Work& work,
                   const Finish& finish) {
  using Result = std::invoke_result_t<Work, int64_t>;
  const int64_t room = int64_t{2} * threads;
  std::vector<std::optional<Result>> done(static_cast<size_t>(room));
  const auto slot = [&](int64_t i) -> std::optional<Result>& {
    return done[static_cast<size_t>(i % room)];
  };
  std::mutex mutex;
  std::condition_variable has_room;
  int64_t begun = 0, finished = 0;
  bool finishing = false;  // by some thread
  const auto run = [&] {
    const SerialScope alone;
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      has_room.wait(lock,
                    [&] { return begun >= n || begun < finished + room; });
      if (begun >= n) return;
      const int64_t i = begun++;
      lock.unlock();
      Result result = work(i);
      lock.lock();
      slot(i) = std::move(result);
      // Who finishes also takes what is done meanwhile.
      while (!finishing && slot(finished).has_value()) {
        finishing = true;
        Result next = *std::move(slot(finished));
        slot(finished).reset();
        lock.unlock();
        finish(finished, std::move(next));
        lock.lock();
        finishing = false;
        ++finished;
        has_room.notify_all();
      }
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads && t < n; ++t) others.emplace_back(run);
  run();
  for (std::thread& other : others) other.join();
}

}  // namespace fcis

#endif  // FCIS_CORE_PIPELINE_PIPELINE_H_
