// Bodies (launch.h) in host memory, on the threads of ParallelFor: what the ops
// that are bodies (body_ops.h) run on in ref, and in cpu where it has nothing
// faster. There is nothing to copy, and a launch is done when it returns.
#ifndef FCIS_KERNELS_BODIES_HOST_EXECUTOR_H_
#define FCIS_KERNELS_BODIES_HOST_EXECUTOR_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/tensor/tensor.h"

namespace fcis::kernels {
namespace cuda {

class HostExecutor {
 public:
  template <typename Body>
  absl::Status Run(const Body& body, int64_t count) {
    // Parts of a size that any number of threads shares evenly.
    constexpr int64_t kParts = 64;
    ParallelFor(count, std::max<int64_t>(1, count / kParts),
                [&body](int64_t begin, int64_t end) {
                  for (int64_t i = begin; i < end; ++i) body(i);
                });
    return absl::OkStatus();
  }

  absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type) {
    return Tensor(shape, type);
  }
  absl::StatusOr<Tensor> ToDevice(const Tensor& t) { return t; }
  absl::StatusOr<Tensor> ToHost(const Tensor& t) { return t; }

  // One for all: it has no state.
  static HostExecutor* Shared() {
    static HostExecutor executor;
    return &executor;
  }
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_BODIES_HOST_EXECUTOR_H_
