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
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/launch.h"
#include "fcis/kernels/cuda/arena.h"
#include "fcis/kernels/cuda/emulated_sums.h"

namespace fcis::kernels {
namespace cuda {

class EmulatedExecutor {
 public:
  // What was launched, in order.
  using Recording = std::vector<std::function<void()>>;

  // How often the host waited for results, and a recording was launched.
  int64_t waits() const { return waits_; }
  int64_t repeats() const { return repeats_; }

  template <typename Body>
  absl::Status Run(const Body& body, int64_t count) {
    Launch([body, count] { RunOnHost(body, count, ShapeFor(count)); });
    return absl::OkStatus();
  }

  // Does `work`, or keeps it while recording: as a kernel, it has addresses
  // and keeps no memory alive.
  void Launch(std::function<void()> work) {
    if (recording_ == nullptr) {
      work();
    } else {
      recording_->push_back(std::move(work));
    }
  }

  absl::StatusOr<std::shared_ptr<void>> NewMemory(int64_t bytes) {
    auto host = std::make_shared<Tensor>(Shape{bytes}, DType::kU8);
    void* const memory = host->mutable_raw();
    return std::shared_ptr<void>(std::move(host), memory);
  }
  void UseArena(Arena* arena) { arena_ = arena; }

  absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type) {
    const int64_t bytes =
        std::max<int64_t>(1, shape.num_elements() * DTypeSize(type));
    ASSIGN_OR_RETURN(
        std::shared_ptr<void> memory,
        arena_ == nullptr ? NewMemory(bytes) : arena_->Allocate(bytes));
    return Tensor::OnDevice(shape, type, Device::kCuda, std::move(memory));
  }

  absl::StatusOr<Tensor> SortedDescending(const Tensor& keys) {
    ASSIGN_OR_RETURN(Tensor sorted, Allocate(keys.shape(), DType::kU64));
    const auto* from = static_cast<const uint64_t*>(keys.raw());
    auto* to = static_cast<uint64_t*>(sorted.mutable_raw());
    Launch([from, to, n = keys.num_elements()] {
      std::copy_n(from, n, to);
      std::sort(to, to + n, std::greater<uint64_t>());
    });
    return sorted;
  }

  absl::Status Read(const void* from, int64_t bytes, void* host) {
    RETURN_IF_ERROR(CheckNotRecording());
    ++waits_;
    std::memcpy(host, from, bytes);
    return absl::OkStatus();
  }
  absl::Status Write(const void* host, int64_t bytes, void* to) {
    RETURN_IF_ERROR(CheckNotRecording());
    std::memcpy(to, host, bytes);
    return absl::OkStatus();
  }

  absl::Status StartRecording() {
    RETURN_IF_ERROR(CheckNotRecording());
    recording_ = absl::make_unique<Recording>();
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<Recording>> FinishRecording() {
    return std::move(recording_);
  }
  absl::Status Launch(const Recording& recording) {
    ++repeats_;
    for (const auto& work : recording) work();
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      DType type) {
    if (type == DType::kF32) return job->MakeAllReduce();
    return absl::make_unique<EmulatedBf16Sums>(job->MakeAllReduce());
  }

  absl::StatusOr<Tensor> ToDevice(const Tensor& t) {
    if (t.device() == Device::kCuda) return t;
    ASSIGN_OR_RETURN(Tensor copy, Allocate(t.shape(), t.type()));
    RETURN_IF_ERROR(Write(t.raw(), t.num_bytes(), copy.mutable_raw()));
    return copy;
  }

  absl::StatusOr<Tensor> ToHost(const Tensor& t) {
    if (t.device() == Device::kHost) return t;
    Tensor copy(t.shape(), t.type());
    RETURN_IF_ERROR(Read(t.raw(), t.num_bytes(), copy.mutable_raw()));
    return copy;
  }

  // The elements without a copy, for what the host computes in the device's
  // stead; `t` must outlive it.
  static Tensor HostView(const Tensor& t) {
    return Tensor::View(t.shape(), t.type(), t.raw(), nullptr);
  }

 private:
  absl::Status CheckNotRecording() const {
    if (recording_ == nullptr) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "copies between host and device cannot be recorded");
  }

  Arena* arena_ = nullptr;
  std::unique_ptr<Recording> recording_;  // null: launches run
  int64_t waits_ = 0, repeats_ = 0;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_EMULATED_EXECUTOR_H_
