#include "fcis/kernels/cuda/cuda_executor.h"

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

// What Open MPI tells its processes; 0 without it.
int LocalRank() {
  const char* rank = std::getenv("OMPI_COMM_WORLD_LOCAL_RANK");
  int value = 0;
  return rank != nullptr && absl::SimpleAtoi(rank, &value) ? value : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CudaExecutor>> CudaExecutor::Create() {
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
  ASSIGN_OR_RETURN(std::shared_ptr<CudaStream> stream, CudaStream::Create());
  return absl::WrapUnique(new CudaExecutor(device, std::move(stream)));
}

absl::Status CudaExecutor::Use() const {
  return ToStatus(cudaSetDevice(device_), "choice of the GPU");
}

absl::Status CudaExecutor::CheckNotRecording() const {
  if (!stream_->recording()) return absl::OkStatus();
  // A recorded copy would read or write the same host memory every time.
  return absl::FailedPreconditionError(
      "copies between host and device cannot be recorded");
}

absl::StatusOr<std::shared_ptr<void>> CudaExecutor::NewMemory(int64_t bytes) {
  RETURN_IF_ERROR(Use());
  return stream_->Allocate(bytes);
}

absl::StatusOr<Tensor> CudaExecutor::Allocate(const Shape& shape, DType type) {
  const int64_t bytes =
      std::max<int64_t>(1, shape.num_elements() * DTypeSize(type));
  ASSIGN_OR_RETURN(std::shared_ptr<void> memory, arena_ == nullptr
                                                     ? NewMemory(bytes)
                                                     : arena_->Allocate(bytes));
  return Tensor::OnDevice(shape, type, Device::kCuda, std::move(memory));
}

absl::Status CudaExecutor::Read(const void* from, int64_t bytes, void* host) {
  RETURN_IF_ERROR(CheckNotRecording());
  RETURN_IF_ERROR(Use());
  return staging_.Read(from, bytes, host);
}

absl::Status CudaExecutor::Write(const void* host, int64_t bytes, void* to) {
  RETURN_IF_ERROR(CheckNotRecording());
  RETURN_IF_ERROR(Use());
  return staging_.Write(host, bytes, to);
}

absl::Status CudaExecutor::StartRecording() {
  RETURN_IF_ERROR(Use());
  return stream_->StartRecording();
}

absl::StatusOr<std::unique_ptr<CudaRecording>> CudaExecutor::FinishRecording() {
  return stream_->FinishRecording();
}

absl::Status CudaExecutor::Launch(const CudaRecording& recording) {
  RETURN_IF_ERROR(Use());
  return recording.Launch(stream());
}

absl::StatusOr<std::unique_ptr<AllReduce>> CudaExecutor::SumsOver(
    Communicator* job, DType type) {
  RETURN_IF_ERROR(Use());
  return MakeNcclSums(job, stream(), type);
}

absl::StatusOr<Tensor> CudaExecutor::ToDevice(const Tensor& t) {
  if (t.device() == Device::kCuda) return t;
  ASSIGN_OR_RETURN(Tensor copy, Allocate(t.shape(), t.type()));
  RETURN_IF_ERROR(Write(t.raw(), t.num_bytes(), copy.mutable_raw()));
  return copy;
}

absl::StatusOr<Tensor> CudaExecutor::ToHost(const Tensor& t) {
  if (t.device() == Device::kHost) return t;
  Tensor copy(t.shape(), t.type());
  RETURN_IF_ERROR(Read(t.raw(), t.num_bytes(), copy.mutable_raw()));
  return copy;
}

}  // namespace cuda
}  // namespace fcis::kernels
