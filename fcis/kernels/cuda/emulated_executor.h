// The device of the emulated backend: host memory that pretends to be a GPU's,
// so that a tensor read without being fetched is found, and launches that run
// on the host.
#ifndef FCIS_KERNELS_CUDA_EMULATED_EXECUTOR_H_
#define FCIS_KERNELS_CUDA_EMULATED_EXECUTOR_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/cuda/emulated_sums.h"
#include "fcis/kernels/cuda/launch.h"

namespace fcis {
namespace cuda {

class EmulatedExecutor {
 public:
  template <typename Body>
  absl::Status Run(const Body& body, int64_t count) {
    RunOnHost(body, count, ShapeFor(count));
    return absl::OkStatus();
  }

  absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type) {
    auto host = std::make_shared<Tensor>(shape, type);
    void* const memory = host->mutable_raw();
    return Tensor::OnDevice(shape, type, Device::kCuda,
                            std::shared_ptr<void>(std::move(host), memory));
  }

  absl::StatusOr<Tensor> SortedDescending(const Tensor& keys) {
    absl::StatusOr<Tensor> sorted = Allocate(keys.shape(), DType::kU64);
    if (!sorted.ok()) return sorted;
    auto* to = static_cast<uint64_t*>(sorted->mutable_raw());
    std::memcpy(to, keys.raw(), keys.num_bytes());
    std::sort(to, to + keys.num_elements(), std::greater<uint64_t>());
    return sorted;
  }

  absl::Status Read(const void* from, int64_t bytes, void* host) {
    std::memcpy(host, from, bytes);
    return absl::OkStatus();
  }
  absl::Status Write(const void* host, int64_t bytes, void* to) {
    std::memcpy(to, host, bytes);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<DeviceSums>> SumsOver(Communicator* job,
                                                       DType type) {
    return std::unique_ptr<DeviceSums>(new EmulatedSums(job, type));
  }

  absl::StatusOr<Tensor> ToDevice(const Tensor& t) {
    if (t.device() == Device::kCuda) return t;
    absl::StatusOr<Tensor> copy = Allocate(t.shape(), t.type());
    if (copy.ok()) std::memcpy(copy->mutable_raw(), t.raw(), t.num_bytes());
    return copy;
  }

  absl::StatusOr<Tensor> ToHost(const Tensor& t) {
    if (t.device() == Device::kHost) return t;
    Tensor copy(t.shape(), t.type());
    std::memcpy(copy.mutable_raw(), t.raw(), t.num_bytes());
    return copy;
  }

  // The elements without a copy, for what the host computes in the device's
  // stead; `t` must outlive it.
  static Tensor HostView(const Tensor& t) {
    return Tensor::View(t.shape(), t.type(), t.raw(), nullptr);
  }
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_EMULATED_EXECUTOR_H_
