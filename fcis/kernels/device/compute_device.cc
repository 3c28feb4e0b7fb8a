#include "fcis/kernels/device/compute_device.h"

#include <algorithm>
#include <cstring>

#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"

namespace fcis::kernels {

absl::StatusOr<Tensor> ComputeDevice::ToDevice(const Tensor& t) {
  if (t.device() == type()) return t;
  ASSIGN_OR_RETURN(Tensor copy, Allocate(t.shape(), t.type()));
  RETURN_IF_ERROR(Write(t.raw(), t.num_bytes(), copy.mutable_raw()));
  return copy;
}

absl::StatusOr<Tensor> ComputeDevice::ToHost(const Tensor& t) {
  if (t.device() == Device::kHost) return t;
  Tensor copy(t.shape(), t.type());
  RETURN_IF_ERROR(Read(t.raw(), t.num_bytes(), copy.mutable_raw()));
  return copy;
}

HostDevice* HostDevice::Shared() {
  static HostDevice device;
  return &device;
}

absl::StatusOr<Tensor> HostDevice::Allocate(const Shape& shape, DType type) {
  return Tensor(shape, type);
}

absl::Status HostDevice::Read(const void* from, int64_t bytes, void* host) {
  std::memcpy(host, from, bytes);
  return absl::OkStatus();
}

absl::Status HostDevice::Write(const void* host, int64_t bytes, void* to) {
  std::memcpy(to, host, bytes);
  return absl::OkStatus();
}

absl::Status HostDevice::Run(const BodyForms& body, int64_t count) {
  // Parts of a size that any number of threads shares evenly.
  constexpr int64_t kParts = 64;
  ParallelFor(count, std::max<int64_t>(1, count / kParts), body.on_host);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<AllReduce>> HostDevice::SumsOver(
    Communicator* job, DType type) {
  if (type == DType::kF32) return job->MakeAllReduce();
  return absl::InvalidArgumentError(
      "gradients in the host's memory are summed in f32 only; sums in bf16 "
      "need GPUs");
}

}  // namespace fcis::kernels
