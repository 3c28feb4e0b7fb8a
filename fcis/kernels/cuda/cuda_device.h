// One GPU: a stream, and memory from its pool. Everything is in the order of
// the one stream; only Read waits.
#ifndef FCIS_KERNELS_CUDA_CUDA_DEVICE_H_
#define FCIS_KERNELS_CUDA_CUDA_DEVICE_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/kernels/device/compute_device.h"

namespace fcis::kernels {
namespace cuda {

class CudaDevice : public ComputeDevice {
 public:
  // The first visible GPU; of processes that mpiexec started on one machine,
  // each the next one. Errors: Unavailable, with the reason in one line, when
  // there is no driver or no GPU.
  static absl::StatusOr<std::unique_ptr<CudaDevice>> Create();
  CudaDevice(const CudaDevice&) = delete;
  CudaDevice& operator=(const CudaDevice&) = delete;

  cudaStream_t stream() const { return *stream_; }

  Device type() const override { return Device::kCuda; }
  // From the stream-ordered pool, which keeps what is given back; that may be
  // done by any thread, also when the device is gone.
  absl::StatusOr<Tensor> Allocate(const Shape& shape, DType type) override;
  // By way of the driver's own page-locked memory.
  absl::Status Read(const void* from, int64_t bytes, void* host) override;
  absl::Status Write(const void* host, int64_t bytes, void* to) override;
  // A launch. Errors: Internal for a body without a kernel, and CUDA's.
  absl::Status Run(const BodyForms& body, int64_t count) override;
  // By NCCL (nccl_sums.h); type: f32 or bf16.
  absl::StatusOr<std::unique_ptr<AllReduce>> SumsOver(Communicator* job,
                                                      DType type) override;

 private:
  CudaDevice(int device, std::shared_ptr<const cudaStream_t> stream)
      : device_(device), stream_(std::move(stream)) {}
  // Before every call: which GPU is current is a matter of the thread.
  absl::Status Use() const;

  const int device_;
  // Tensors share it, as their memory goes back on it.
  const std::shared_ptr<const cudaStream_t> stream_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_CUDA_DEVICE_H_
