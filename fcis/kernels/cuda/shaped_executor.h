// The emulated device with launches of a chosen shape: one thread for all,
// several rounds of an odd number, more threads than indices.
#ifndef FCIS_KERNELS_CUDA_SHAPED_EXECUTOR_H_
#define FCIS_KERNELS_CUDA_SHAPED_EXECUTOR_H_

#include <cstdint>

#include "absl/status/status.h"
#include "fcis/kernels/bodies/launch.h"
#include "fcis/kernels/cuda/emulated_executor.h"

namespace fcis::kernels {
namespace cuda {

constexpr LaunchShape kOddShapes[] = {{1, 1}, {3, 7}, {2, 32}, {64, 256}};

class ShapedExecutor : public EmulatedExecutor {
 public:
  explicit ShapedExecutor(const LaunchShape& shape) : shape_(shape) {}

  template <typename Body>
  absl::Status Run(const Body& body, int64_t count) {
    RunOnHost(body, count, shape_);
    return absl::OkStatus();
  }

 private:
  const LaunchShape shape_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_SHAPED_EXECUTOR_H_
