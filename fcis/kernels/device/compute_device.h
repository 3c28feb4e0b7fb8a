// ComputeDevice: the memory that a backend computes in, and how the ops that
// are bodies (fcis/kernels/bodies) run there. A backend is a device, an engine
// of convolutions (ConvEngine) and, for several processes, an AllReduce.
#ifndef FCIS_KERNELS_DEVICE_COMPUTE_DEVICE_H_
#define FCIS_KERNELS_DEVICE_COMPUTE_DEVICE_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/comm/all_reduce.h"
#include "fcis/core/comm/communicator.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/launch.h"

namespace fcis::kernels {

// A body in the two forms in which it runs.
struct BodyForms {
  // Calls it for the indices [begin, end).
  absl::FunctionRef<void(int64_t begin, int64_t end)> on_host;
  // The kernel, of (Body, int64_t count, LaunchShape), and its first argument.
  // Null where no compiler for GPUs made it.
  const void* kernel;
  const void* body;
};

class ComputeDevice {
 public:
  virtual ~ComputeDevice() = default;

  // Where its tensors are.
  virtual Device type() const = 0;
  // An uninitialised tensor. Errors: ResourceExhausted.
  virtual absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type) = 0;
  // Copies `bytes` from the device's memory; waits for all that runs before.
  virtual absl::Status Read(const void* from, int64_t bytes, void* host) = 0;
  // Copies to the device's memory. `host` may change when it returns.
  virtual absl::Status Write(const void* host, int64_t bytes, void* to) = 0;
  // Runs a body for the indices [0, count) after all that was run before. It
  // may return earlier. Callers use ForEach.
  virtual absl::Status Run(const BodyForms& body, int64_t count) = 0;
  // Sums over the processes of `job`, which outlives them, of arrays in the
  // device's memory. type: f32 or bf16. Errors: InvalidArgument for a type that
  // the device does not sum.
  virtual absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                              DType type) = 0;

  // The tensor on the device, and in host memory: itself if it is there.
  absl::StatusOr<Tensor> ToDevice(const Tensor& t);
  absl::StatusOr<Tensor> ToHost(const Tensor& t);
};

// The host's memory and the threads of ParallelFor. It has no state.
class HostDevice : public ComputeDevice {
 public:
  static HostDevice* Shared();

  Device type() const override { return Device::kHost; }
  absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type) override;
  absl::Status Read(const void* from, int64_t bytes, void* host) override;
  absl::Status Write(const void* host, int64_t bytes, void* to) override;
  absl::Status Run(const BodyForms& body, int64_t count) override;
  // f32 only.
  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      DType type) override;
};

#if defined(__CUDACC__)
template <typename Body>
__global__ void BodyKernel(const Body body, int64_t count, LaunchShape shape) {
  RunThread(body, count, shape, blockIdx.x, static_cast<int>(threadIdx.x));
}
#endif

// Runs body(i) for every i in [0, count) on the device. Pointers in the body
// are the device's. Only sources of a fcis_device_library call it, which nvcc
// compiles where there are GPUs: elsewhere a body has no kernel.
template <typename Body>
absl::Status ForEach(ComputeDevice* device, const Body& body, int64_t count) {
  const auto on_host = [&body](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(i);
  };
  const void* kernel = nullptr;
#if defined(__CUDACC__)
  kernel = reinterpret_cast<const void*>(&BodyKernel<Body>);
#endif
  return device->Run({on_host, kernel, &body}, count);
}

// The elements of a tensor on whatever device.
template <typename T>
const T* Elements(const Tensor& t) {
  return static_cast<const T*>(t.raw());
}
template <typename T>
T* MutableElements(Tensor* t) {
  return static_cast<T*>(t->mutable_raw());
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_DEVICE_COMPUTE_DEVICE_H_
