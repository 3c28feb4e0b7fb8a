// Training samples in the order of a run, made by threads ahead of time.
#ifndef FCIS_DATA_LOADER_LOADER_H_
#define FCIS_DATA_LOADER_LOADER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "fcis/core/config/fcis.pb.h"
#include "fcis/core/pipeline/bounded_queue.h"
#include "fcis/data/loader/epoch_order.h"
#include "fcis/data/loader/sample_maker.h"
#include "fcis/data/loader/training_set.h"
#include "fcis/data/transform/train_transform.h"

namespace fcis::data {

// Iteration i of `world` processes takes the numbers i * world * batch + rank *
// batch + [0, batch) on process `rank`. A sample depends on its number, the
// seed, the augmentation and the data set alone: not on threads, prefetch or
// first_iteration.
struct LoaderOptions {
  uint64_t seed = 0;
  int rank = 0, world = 1;
  int batch = 1;  // pictures per process and iteration, >= 1
  int threads = 1;
  int prefetch = 4;  // samples kept ready, >= 1; at least one per thread
  int64_t first_iteration = 0;
  bool aspect_grouping = false;  // EpochOrder's groups of world * batch
  std::vector<double> repeats;   // RepeatFactors
  AugmentationConfig augmentation;
  GroundTruthConfig ground_truth;
};

struct LoadedSample {
  TrainSample sample;
  std::string image_id;
  int64_t number = 0;
};

class Loader {
 public:
  // Starts the threads, and has the process keep up to 64 MB of freed memory
  // (mallopt). The set, which is not empty, must outlive the loader.
  Loader(const TrainingSet* set, const InputConfig& input,
         const LoaderOptions& options);
  // Waits for the pictures that are being worked on.
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next sample of this process; without end. Errors name file and id of a
  // picture that cannot be had; the call after goes on with the next sample.
  // For one thread.
  absl::StatusOr<LoadedSample> Next();

  // Seconds that Next has waited, in all.
  double wait_seconds() const { return wait_seconds_; }
  // Pictures of an epoch; sample n belongs to epoch n / size().
  int64_t size() const { return order_.size(); }

 private:
  using Queue = BoundedQueue<absl::StatusOr<LoadedSample>>;

  absl::StatusOr<LoadedSample> Make(int64_t k) const;
  void Work(int64_t worker);

  const TrainingSet* const set_;
  const InputConfig input_;
  const LoaderOptions options_;
  const EpochOrder order_;
  std::atomic<bool> stop_{false};
  // Thread t makes this process' samples t, t + threads, ...: taking from the
  // queues in turn keeps the order.
  std::vector<std::unique_ptr<Queue>> queues_;
  std::vector<std::thread> threads_;
  int64_t taken_ = 0;
  double wait_seconds_ = 0;
};

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_LOADER_H_
