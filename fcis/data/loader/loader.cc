#include "fcis/data/loader/loader.h"

#include <malloc.h>

#include <chrono>
#include <functional>
#include <limits>
#include <optional>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::data {
namespace {

absl::Status Check(const TrainingSet& set, const InputConfig& input,
                   const LoaderOptions& options) {
  const auto need = [](bool holds, absl::string_view what) {
    return holds ? absl::OkStatus()
                 : absl::InvalidArgumentError(
                       absl::StrCat("the loader needs ", what));
  };
  const AugmentationConfig& a = options.augmentation;
  RETURN_IF_ERROR(need(input.mean_size() == 3, "three values of mean"));
  RETURN_IF_ERROR(
      need(set.size() >= 1 && set.size() < std::numeric_limits<int32_t>::max(),
           "1 to 2^31 - 2 pictures"));
  RETURN_IF_ERROR(need(
      options.world >= 1 && options.rank >= 0 && options.rank < options.world,
      "a rank within the world"));
  RETURN_IF_ERROR(need(options.batch >= 1, "a batch of at least 1"));
  RETURN_IF_ERROR(need(options.threads >= 1, "at least 1 thread"));
  RETURN_IF_ERROR(need(options.prefetch >= 1, "a prefetch of at least 1"));
  RETURN_IF_ERROR(need(options.first_iteration >= 0, "an iteration from 0 on"));
  RETURN_IF_ERROR(need(
      a.scale_jitter_low() > 0 && a.scale_jitter_low() <= a.scale_jitter_high(),
      "a scale jitter of 0 < low <= high"));
  RETURN_IF_ERROR(need(a.paste_zoom_low() > 0 && a.paste_zoom_low() <= 1,
                       "a least zoom of pasted objects in (0, 1]"));
  return need(a.copy_paste() >= 0 && a.copy_paste() <= 1 && a.mosaic() >= 0 &&
                  a.mosaic() <= 1,
              "copy-paste and mosaic probabilities of 0 to 1");
}

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

absl::StatusOr<std::unique_ptr<Loader>> Loader::Create(
    const TrainingSet* set, const InputConfig& input,
    const LoaderOptions& options) {
  RETURN_IF_ERROR(Check(*set, input, options));
  KeepFreedMemory();
  return absl::WrapUnique(new Loader(set, input, options));
}

Loader::Loader(const TrainingSet* set, const InputConfig& input,
               const LoaderOptions& options)
    : set_(set),
      input_(input),
      options_(options),
      order_(set->size(), options.seed, int64_t{options.world} * options.batch,
             PortraitsOf(*set, options.aspect_grouping), options.repeats) {
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
