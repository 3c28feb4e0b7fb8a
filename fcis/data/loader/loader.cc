#include "fcis/data/loader/loader.h"

#include <malloc.h>

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "absl/base/internal/raw_logging.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::data {
namespace {

// Samples of megabytes come and go: without this malloc would fetch the pages
// of each from the kernel and give them back, a fifth of the loader's time. The
// thresholds are the largest that it may grow to by itself.
void KeepFreedMemory() {
  constexpr int kMmapThreshold = 32 << 20;
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);
  mallopt(M_TRIM_THRESHOLD, 2 * kMmapThreshold);
}

std::function<bool(int64_t)> PortraitsOf(const TrainingSet& set, bool wanted) {
  if (!wanted) return nullptr;
  return [&set](int64_t index) { return set.IsPortrait(index); };
}

}  // namespace

Loader::Loader(const TrainingSet* set, const InputConfig& input,
               const LoaderOptions& options)
    : set_(set),
      input_(input),
      options_(options),
      order_(set->size(), options.seed, int64_t{options.world} * options.batch,
             PortraitsOf(*set, options.aspect_grouping), options.repeats) {
  ABSL_RAW_CHECK(set->size() >= 1 && input.mean_size() == 3,
                 "pictures, and a mean of three values");
  ABSL_RAW_CHECK(options.rank >= 0 && options.rank < options.world &&
                     options.batch >= 1 && options.threads >= 1 &&
                     options.prefetch >= 1 && options.first_iteration >= 0,
                 "options of the loader");
  KeepFreedMemory();
  const int threads = options.threads;
  const int capacity = (options.prefetch + threads - 1) / threads;
  for (int t = 0; t < threads; ++t) {
    queues_.push_back(std::make_unique<Queue>(static_cast<size_t>(capacity)));
  }
  for (int t = 0; t < threads; ++t) {
    threads_.emplace_back([this, t] { Work(t); });
  }
}

Loader::~Loader() {
  stop_ = true;
  for (const auto& queue : queues_) {
    while (queue->Pop().has_value()) continue;
  }
  for (std::thread& thread : threads_) thread.join();
}

void Loader::Work(int64_t worker) {
  const SerialScope serial;
  Queue& queue = *queues_[static_cast<size_t>(worker)];
  for (int64_t k = worker; !stop_; k += options_.threads) queue.Push(Make(k));
  queue.Close();
}

// The k-th sample of this process.
absl::StatusOr<LoadedSample> Loader::Make(int64_t k) const {
  const int64_t batch = options_.batch;
  const int64_t iteration = options_.first_iteration + k / batch;
  LoadedSample loaded;
  loaded.number =
      (iteration * options_.world + options_.rank) * batch + k % batch;
  const int64_t index = order_.IndexOf(loaded.number);
  loaded.image_id = set_->ImageId(index);
  ASSIGN_OR_RETURN(
      loaded.sample,
      MakeSample(*set_, index, input_, options_.augmentation,
                 options_.ground_truth, options_.seed, loaded.number));
  return loaded;
}

absl::StatusOr<LoadedSample> Loader::Next() {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  Queue& queue = *queues_[static_cast<size_t>(taken_ % options_.threads)];
  ++taken_;
  std::optional<absl::StatusOr<LoadedSample>> item = queue.Pop();
  wait_seconds_ += std::chrono::duration<double>(Clock::now() - begin).count();
  return *std::move(item);
}

}  // namespace fcis::data
