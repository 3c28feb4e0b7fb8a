// In which order the pictures of an epoch are shown: a pure function of seed
// and epoch.
#ifndef FCIS_DATA_LOADER_EPOCH_ORDER_H_
#define FCIS_DATA_LOADER_EPOCH_ORDER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "fcis/core/base/random_stream.h"
#include "fcis/data/loader/training_set.h"

namespace fcis::data {

// How often each picture is shown in an epoch, at least once, by the classes of
// its objects (LVIS): max(1, sqrt(threshold / share)), where share is that of
// the pictures that have the class, for the rarest class of the picture.
// threshold 0: empty, as EpochOrder takes for once each.
std::vector<double> RepeatFactors(const TrainingSet& set, double threshold);

class EpochOrder {
 public:
  // Of `size` (1 .. 2^31 - 1) pictures. `repeats`, unless empty, says how often
  // each is shown in an epoch (>= 1 each): as often or once more, which
  // differs from epoch to epoch. `group` > 1 with `is_portrait`: each
  // `group` numbers from a multiple of it on, an iteration of all ranks, are
  // portraits or landscapes alone, except at most one of each epoch, the one
  // where both run out, and those that span two epochs when the larger of the
  // two classes is too small to fill their parts.
  EpochOrder(int64_t size, uint64_t seed, int64_t group = 1,
             const std::function<bool(int64_t)>& is_portrait = nullptr,
             const std::vector<double>& repeats = {});

  // Pictures of an epoch, repetitions included.
  int64_t size() const { return size_; }
  static int64_t SizeOf(int64_t pictures, const std::vector<double>& repeats);

  // The picture with running number n >= 0, which is shown in epoch n / size().
  // Any thread may call.
  int64_t IndexOf(int64_t n) const;

 private:
  using Order = std::vector<int32_t>;
  struct Entry {
    int64_t epoch = -1;
    std::shared_ptr<const Order> order;
  };

  std::shared_ptr<const Order> Find(int64_t epoch) const;
  Order Choose(int64_t epoch) const;
  Order MakeGrouped(const Order& chosen, RandomStream& random,
                    int64_t epoch) const;

  const int64_t pictures_;
  const uint64_t seed_;
  const int64_t group_;
  std::vector<bool> is_portrait_;  // when grouped
  std::vector<double> repeats_;    // their sum is size_; or empty
  int64_t size_;
  // Of this epoch and the one before: threads work on both for a while.
  mutable std::mutex mutex_;
  mutable Entry entries_[2];
};

}  // namespace fcis::data

#endif  // FCIS_DATA_LOADER_EPOCH_ORDER_H_
