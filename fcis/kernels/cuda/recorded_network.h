// RepeatedNetwork on an executor (body_ops.h) that can record: what the network
// launches for an x of some shape is recorded the second time that this shape
// comes, and repeated from then on in one launch. The same kernels read and
// write the same kinds of memory, so results are the same bits.
#ifndef FCIS_KERNELS_CUDA_RECORDED_NETWORK_H_
#define FCIS_KERNELS_CUDA_RECORDED_NETWORK_H_

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <list>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/arena.h"
#include "fcis/kernels/repeated_network.h"

namespace fcis::kernels {
namespace cuda {

// Recordings that are kept: one of ResNet-101 at 600 x 1000 in bf16 holds some
// 110 MB of maps, and cuDNN's workspaces.
constexpr int kKeptRecordings = 4;
// Shapes that are remembered; a data set has hundreds, few of them often.
constexpr size_t kRememberedShapes = 16;

// Not recorded are x that are not in host memory, and, from the failure on, a
// shape whose recording failed for whatever reason. While results of the last
// run of a recording are held, its memory is theirs and the network runs
// plainly. Recordings give way where a plain run lacks memory.
template <typename Executor>
class RecordedNetwork : public RepeatedNetwork {
 public:
  // The executor outlives it.
  RecordedNetwork(NetworkFunction network, Executor* executor)
      : RepeatedNetwork(std::move(network)), run_(executor) {}

  absl::StatusOr<std::vector<Tensor>> Run(Tensor x) override {
    if (x.device() != Device::kHost) return Plain(x);
    Entry& entry = EntryOf(x);
    if (entry.state == kSeen) Record(x, &entry);
    if (entry.state == kNew) entry.state = kSeen;
    if (entry.recorded == nullptr || Held(*entry.recorded)) return Plain(x);
    if (Repeat(x, entry.recorded.get()).ok()) return entry.recorded->results;
    Fail(&entry);
    return Plain(x);
  }

 private:
  using Recording = typename Executor::Recording;

  struct Recorded {
    Tensor x;
    std::vector<Tensor> results;
    // Of all between; results have their share.
    std::shared_ptr<Arena> arena;
    std::unique_ptr<Recording> recording;
  };

  enum State { kNew, kSeen, kRecorded, kFailed };
  struct Entry {
    Shape shape;
    DType type;
    State state = kNew;
    std::unique_ptr<Recorded> recorded;  // kRecorded only
  };

  absl::StatusOr<std::vector<Tensor>> Plain(const Tensor& x) {
    auto results = RepeatedNetwork::Run(x);
    if (!absl::IsResourceExhausted(results.status())) return results;
    entries_.clear();
    return RepeatedNetwork::Run(x);
  }

  // The entry of x's shape, now the first one.
  Entry& EntryOf(const Tensor& x) {
    const auto found =
        std::find_if(entries_.begin(), entries_.end(), [&x](const Entry& e) {
          return e.shape == x.shape() && e.type == x.type();
        });
    if (found != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, found);
    } else {
      entries_.emplace_front();
      entries_.front().shape = x.shape();
      entries_.front().type = x.type();
      if (entries_.size() > kRememberedShapes) entries_.pop_back();
    }
    return entries_.front();
  }

  void Record(const Tensor& x, Entry* entry) {
    MakeRoom();
    absl::StatusOr<std::unique_ptr<Recorded>> made = Make(x);
    if (!made.ok()) return Fail(entry);
    entry->recorded = std::move(*made);
    entry->state = kRecorded;
  }

  static void Fail(Entry* entry) {
    entry->recorded.reset();
    entry->state = kFailed;
  }

  // Forgets the recordings that were not used for longest, but for one less
  // than may be kept.
  void MakeRoom() {
    int kept = 0;
    for (auto it = entries_.begin(); it != entries_.end();) {
      const bool drop = it->recorded != nullptr && ++kept >= kKeptRecordings;
      it = drop ? entries_.erase(it) : std::next(it);
    }
  }

  absl::StatusOr<std::unique_ptr<Recorded>> Make(const Tensor& x) {
    auto made = std::make_unique<Recorded>();
    ASSIGN_OR_RETURN(made->x, run_->ToDevice(x));
    made->arena = std::make_shared<Arena>(
        [run = run_](int64_t bytes) { return run->NewMemory(bytes); });
    run_->UseArena(made->arena.get());
    const absl::Status recorded = RecordInArena(made.get());
    run_->UseArena(nullptr);
    RETURN_IF_ERROR(recorded);
    return made;
  }

  absl::Status RecordInArena(Recorded* made) {
    // Takes the memory, and does what is done once for a size: plans of
    // convolutions, code that is loaded.
    RETURN_IF_ERROR(RepeatedNetwork::Run(made->x).status());
    RETURN_IF_ERROR(made->arena->Rewind());
    RETURN_IF_ERROR(run_->StartRecording());
    absl::StatusOr<std::vector<Tensor>> results = RepeatedNetwork::Run(made->x);
    // In any case, or the executor would go on recording.
    absl::StatusOr<std::unique_ptr<Recording>> recording =
        run_->FinishRecording();
    RETURN_IF_ERROR(results.status());
    RETURN_IF_ERROR(recording.status());
    made->results = std::move(*results);
    made->recording = std::move(*recording);
    return absl::OkStatus();
  }

  static bool Held(const Recorded& recorded) {
    return !std::all_of(recorded.results.begin(), recorded.results.end(),
                        [](const Tensor& t) { return t.IsSoleOwner(); });
  }

  absl::Status Repeat(const Tensor& x, Recorded* recorded) {
    RETURN_IF_ERROR(
        run_->Write(x.raw(), x.num_bytes(), recorded->x.mutable_raw()));
    return run_->Launch(*recorded->recording);
  }

  Executor* const run_;
  std::list<Entry> entries_;  // the latest first
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_RECORDED_NETWORK_H_
