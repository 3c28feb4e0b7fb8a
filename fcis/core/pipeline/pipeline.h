// Work over a list or a stream of items, whose results are wanted in its order.
//
// RunPipeline, RunPipelineStream: three stages, each on all threads
// (parallel.h). With three threads or more the stages overlap in time: while
// item i is finished, item i+1 is processed and item i+2 is loaded. With fewer
// they follow one another: side by side they would take the cores from
// `process`, whose threads wait for each other.
//
// RunSideBySide, RunStreamSideBySide: an item per thread, so that nobody waits
// for anybody, at the cost of memory for as many items. docs/benchmarks.md,
// "The demo", has both.
#ifndef FCIS_CORE_PIPELINE_PIPELINE_H_
#define FCIS_CORE_PIPELINE_PIPELINE_H_

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "fcis/core/base/parallel.h"
#include "fcis/core/pipeline/bounded_queue.h"

namespace fcis {

// For every item that `load` returns, until it returns nullopt:
// finish(i, process(i, item)), i = 0, 1, ... Each stage takes the items in
// order and works on one at a time. Where the stages overlap, `load` and
// `finish` run in threads of their own, and at most `depth` (>= 1) items wait
// between two stages; `process` runs in the caller's thread. Returns when all
// are finished. Failures travel inside the stages' results (absl::StatusOr).
template <typename Load, typename Process, typename Finish>
void RunPipelineStream(size_t depth, const Load& load, const Process& process,
                       const Finish& finish) {
  constexpr int kThreadsToOverlap = 3;
  using Loaded = typename std::invoke_result_t<Load>::value_type;
  if (NumThreads() < kThreadsToOverlap) {
    int64_t i = 0;
    while (std::optional<Loaded> item = load()) {
      finish(i, process(i, *std::move(item)));
      ++i;
    }
    return;
  }
  using Processed = std::invoke_result_t<Process, int64_t, Loaded>;
  BoundedQueue<Loaded> loaded(depth);
  BoundedQueue<Processed> processed(depth);
  std::thread loader([&] {
    while (std::optional<Loaded> item = load()) loaded.Push(*std::move(item));
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

// The same for every i of 0..n-1: finish(i, process(i, load(i))). n <= 0:
// nothing is called.
template <typename Load, typename Process, typename Finish>
void RunPipeline(int64_t n, size_t depth, const Load& load,
                 const Process& process, const Finish& finish) {
  using Loaded = std::invoke_result_t<Load, int64_t>;
  int64_t i = 0;
  RunPipelineStream(
      depth,
      [&] { return i < n ? std::optional<Loaded>(load(i++)) : std::nullopt; },
      process, finish);
}

// For every item that `load` returns, until it returns nullopt:
// finish(i, work(i, item)), i = 0, 1, ... So many `threads` (>= 1), the
// caller's among them, work on one item each, alone (SerialScope). `load` and
// `finish` are called in order, one call of each at a time, in any of these
// threads. At most 2 * threads items are loaded and not finished. Returns when
// all are finished.
template <typename Load, typename Work, typename Finish>
void RunStreamSideBySide(int threads, const Load& load, const Work& work,
                         const Finish& finish) {
  using Item = typename std::invoke_result_t<Load>::value_type;
  using Result = std::invoke_result_t<Work, int64_t, Item>;
  const int64_t room = int64_t{2} * threads;
  std::vector<std::optional<Result>> done(static_cast<size_t>(room));
  const auto slot = [&](int64_t i) -> std::optional<Result>& {
    return done[static_cast<size_t>(i % room)];
  };
  std::mutex mutex;
  std::condition_variable may_load;
  int64_t begun = 0, finished = 0;
  bool loading = false, finishing = false;  // by some thread
  bool ended = false;                       // nothing more to load
  const auto run = [&] {
    const SerialScope alone;
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      may_load.wait(
          lock, [&] { return ended || (!loading && begun < finished + room); });
      if (ended) return;
      loading = true;
      lock.unlock();
      std::optional<Item> item = load();
      lock.lock();
      loading = false;
      ended = !item.has_value();
      may_load.notify_all();
      if (ended) return;
      const int64_t i = begun++;
      lock.unlock();
      Result result = work(i, *std::move(item));
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
        may_load.notify_all();
      }
    }
  };
  std::vector<std::thread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(run);
  run();
  for (std::thread& other : others) other.join();
}

// The same for every i of 0..n-1: finish(i, work(i)). n <= 0: nothing is
// called.
template <typename Work, typename Finish>
void RunSideBySide(int64_t n, int threads, const Work& work,
                   const Finish& finish) {
  int64_t next = 0;
  RunStreamSideBySide(
      static_cast<int>(std::clamp<int64_t>(n, 1, threads)),
      [&] { return next < n ? std::optional<int64_t>(next++) : std::nullopt; },
      [&](int64_t, int64_t i) { return work(i); }, finish);
}

}  // namespace fcis

#endif  // FCIS_CORE_PIPELINE_PIPELINE_H_
