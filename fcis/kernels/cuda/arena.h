// The memory of a recording: a recording writes where it wrote when it was
// made, so what it allocated stays its own. The first run of what is to be
// recorded takes new memory and says in which order; Rewind lets the second
// run, the recorded one, take the same again without asking the device.
#ifndef FCIS_KERNELS_CUDA_ARENA_H_
#define FCIS_KERNELS_CUDA_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace fcis::kernels {
namespace cuda {

// Owned by a shared_ptr. Memory may be given back by any thread, also after the
// last other reference to the arena has gone.
class Arena : public std::enable_shared_from_this<Arena> {
 public:
  using Source =
      std::function<absl::StatusOr<std::shared_ptr<void>>(int64_t bytes)>;

  // `source` makes the blocks, which go when the arena does.
  explicit Arena(Source source) : source_(std::move(source)) {}
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // Uninitialised memory of at least `bytes` > 0, which comes back with the
  // last copy: whoever gets it next must run after whoever had it. Errors: the
  // source's; FailedPrecondition after Rewind, for what is not as before.
  absl::StatusOr<std::shared_ptr<void>> Allocate(int64_t bytes);

  // The allocations from now on are the first ones over again. Errors:
  // FailedPrecondition while some memory has not come back.
  absl::Status Rewind();

  // Of all blocks.
  int64_t total_bytes();

 private:
  struct Block {
    std::shared_ptr<void> memory;
    int64_t size;
    bool taken;
  };

  // Index of a block for the next allocation.
  absl::StatusOr<size_t> Choose(int64_t bytes);
  absl::StatusOr<size_t> Again(int64_t bytes);
  void GiveBack(size_t index);

  const Source source_;
  std::mutex mutex_;  // guards what follows
  std::vector<Block> blocks_;
  std::vector<size_t> order_;  // of the first run: the block of each allocation
  bool rewound_ = false;
  size_t next_ = 0;  // in order_, once rewound
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_ARENA_H_
