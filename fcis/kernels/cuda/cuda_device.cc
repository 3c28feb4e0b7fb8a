#include "fcis/kernels/cuda/cuda_device.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/nccl_sums.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {
namespace {

// Memory that is given back stays in the process.
absl::Status KeepFreedMemory(int device) {
  cudaMemPool_t pool;
  RETURN_IF_ERROR(
      ToStatus(cudaDeviceGetDefaultMemPool(&pool, device), "memory pool"));
  uint64_t threshold = UINT64_MAX;
  return ToStatus(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold,
                                          &threshold),
                  "memory pool");
}

// Is waited for and destroyed with the last copy.
absl::StatusOr<std::shared_ptr<const cudaStream_t>> NewStream() {
  cudaStream_t stream;
  RETURN_IF_ERROR(ToStatus(
      cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "new stream"));
  return std::shared_ptr<const cudaStream_t>(new cudaStream_t(stream),
                                             [](const cudaStream_t* s) {
                                               // An error at the end was seen
                                               // before by whoever waited for
                                               // results.
                                               cudaStreamSynchronize(*s);
                                               cudaStreamDestroy(*s);
                                               delete s;
                                             });
}

// What Open MPI tells its processes; 0 without it.
int LocalRank() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_LOCAL_RANK");
  int value = 0;
  return rank != nullptr && absl::SimpleAtoi(rank, &value) ? value : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CudaDevice>> CudaDevice::Create() {
  int devices = 0;
  const cudaError_t found = cudaGetDeviceCount(&devices);
  if (found != cudaSuccess || devices == 0) {
    return absl::UnavailableError(absl::StrCat(
        "no GPU: ", found == cudaSuccess ? "the driver lists none"
                                         : cudaGetErrorString(found)));
  }
  const int device = LocalRank() % devices;
  RETURN_IF_ERROR(
      ToStatus(cudaSetDevice(device), absl::StrCat("GPU ", device)));
  RETURN_IF_ERROR(KeepFreedMemory(device));
  ASSIGN_OR_RETURN(std::shared_ptr<const cudaStream_t> stream, NewStream());
  return absl::WrapUnique(new CudaDevice(device, std::move(stream)));
}

absl::Status CudaDevice::Use() const {
  return ToStatus(cudaSetDevice(device_), "choice of the GPU");
}

absl::StatusOr<Tensor> CudaDevice::Allocate(const Shape& shape, DType type) {
  RETURN_IF_ERROR(Use());
  const int64_t bytes =
      std::max<int64_t>(1, shape.num_elements() * DTypeSize(type));
  void* memory = nullptr;
  RETURN_IF_ERROR(ToStatus(cudaMallocAsync(&memory, bytes, stream()),
                           absl::StrCat("allocation of ", bytes, " bytes")));
  return Tensor::OnDevice(
      shape, type, Device::kCuda,
      std::shared_ptr<void>(
          memory, [stream = stream_](void* p) { cudaFreeAsync(p, *stream); }));
}

absl::Status CudaDevice::Read(const void* from, int64_t bytes, void* host) {
  RETURN_IF_ERROR(Use());
  RETURN_IF_ERROR(ToStatus(
      cudaMemcpyAsync(host, from, bytes, cudaMemcpyDeviceToHost, stream()),
      "copy from the GPU"));
  return ToStatus(cudaStreamSynchronize(stream()), "computing");
}

absl::Status CudaDevice::Write(const void* host, int64_t bytes, void* to) {
  RETURN_IF_ERROR(Use());
  // Of pageable memory: it has been read when this returns.
  return ToStatus(
      cudaMemcpyAsync(to, host, bytes, cudaMemcpyHostToDevice, stream()),
      "copy to the GPU");
}

absl::Status CudaDevice::Run(const BodyForms& body, int64_t count) {
  if (body.kernel == nullptr) {
    return absl::InternalError("a body that was not compiled for GPUs");
  }
  LaunchShape shape = ShapeFor(count);
  if (shape.blocks == 0) return absl::OkStatus();
  RETURN_IF_ERROR(Use());
  void* arguments[] = {const_cast<void*>(body.body), &count, &shape};
  return ToStatus(
      cudaLaunchKernel(body.kernel, dim3(static_cast<unsigned>(shape.blocks)),
                       dim3(static_cast<unsigned>(shape.threads)), arguments, 0,
                       stream()),
      "kernel launch");
}

absl::StatusOr<std::unique_ptr<AllReduce>> CudaDevice::SumsOver(
    Communicator* job, DType type) {
  RETURN_IF_ERROR(Use());
  return MakeNcclSums(job, stream(), type);
}

}  // namespace cuda
}  // namespace fcis::kernels
