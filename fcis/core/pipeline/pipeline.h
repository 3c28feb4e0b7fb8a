// Three stages over a list of items. With three threads (parallel.h) or more
// they overlap in time: while item i is finished, item i+1 is processed and
// item i+2 is loaded. With fewer they follow one another, each on all threads:
// side by side they would take the cores from `process`, whose threads wait for
// each other (docs/benchmarks.md, "The demo").
#ifndef FCIS_CORE_PIPELINE_PIPELINE_H_
#define FCIS_CORE_PIPELINE_PIPELINE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

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

}  // namespace fcis

#endif  // FCIS_CORE_PIPELINE_PIPELINE_H_
