#include <cudnn.h>
#include <nccl.h>

#include "third_party/cuda/smoke.h"

namespace fcis {
namespace {

__global__ void Double(float* data, int n) {
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) data[i] *= 2;
}

}  // namespace

int CudaDeviceCount() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess ? count : 0;
}

int CudnnVersion() { return static_cast<int>(cudnnGetVersion()); }

int NcclVersion() {
  int version = 0;
  return ncclGetVersion(&version) == ncclSuccess ? version : 0;
}

absl::Status DoubleOnDevice(float* data, int n) {
  const size_t bytes = n * sizeof(float);
  float* on_device = nullptr;
  cudaError_t error = cudaMalloc(&on_device, bytes);
  if (error == cudaSuccess) {
    error = cudaMemcpy(on_device, data, bytes, cudaMemcpyHostToDevice);
  }
  if (error == cudaSuccess) {
    Double<<<(n + 255) / 256, 256>>>(on_device, n);
    error = cudaGetLastError();
  }
  if (error == cudaSuccess) {
    error = cudaMemcpy(data, on_device, bytes, cudaMemcpyDeviceToHost);
  }
  cudaFree(on_device);
  if (error == cudaSuccess) return absl::OkStatus();
  return absl::InternalError(cudaGetErrorString(error));
}

}  // namespace fcis
