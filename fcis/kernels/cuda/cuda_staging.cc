#include "fcis/kernels/cuda/cuda_staging.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {
namespace {

// The pictures of a step and some results.
constexpr int64_t kCapacity = int64_t{64} << 20;

}  // namespace

void* CudaStaging::PageLocked::Allocate(int64_t bytes) {
  void* memory = nullptr;
  const absl::Status made =
      ToStatus(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault),
               "page-locked memory");
  return made.ok() ? memory : nullptr;
}

void CudaStaging::PageLocked::Free(void* memory) { cudaFreeHost(memory); }

CudaStaging::CudaStaging(cudaStream_t stream)
    : stream_(stream), blocks_(PageLocked(), kCapacity) {}

CudaStaging::~CudaStaging() { cudaStreamSynchronize(stream_); }

absl::Status CudaStaging::Write(const void* host, int64_t bytes, void* to) {
  const char* from = static_cast<const char*>(host);
  char* dest = static_cast<char*>(to);
  while (bytes > 0) {
    const int64_t part = std::min(bytes, Blocks::kLargest);
    RETURN_IF_ERROR(WritePart(from, part, dest));
    from += part;
    dest += part;
    bytes -= part;
  }
  return absl::OkStatus();
}

absl::Status CudaStaging::WritePart(const void* host, int64_t bytes, void* to) {
  std::unique_ptr<Blocks::Block> block = blocks_.Take(bytes);
  // From pageable memory: has read all when it returns.
  if (block == nullptr) return Copy(host, bytes, to, cudaMemcpyHostToDevice);
  std::memcpy(block->memory, host, bytes);
  absl::Status status = Copy(block->memory, bytes, to, cudaMemcpyHostToDevice);
  status.Update(block->mark.Set(stream_));
  // Without a mark nothing tells when the block is free again.
  if (!status.ok()) cudaStreamSynchronize(stream_);
  block->marked = status.ok();
  blocks_.GiveBack(std::move(block));
  return status;
}

absl::Status CudaStaging::Read(const void* from, int64_t bytes, void* host) {
  std::unique_ptr<Blocks::Block> block = blocks_.Take(bytes);
  void* const to = block == nullptr ? host : block->memory;
  absl::Status status = Copy(from, bytes, to, cudaMemcpyDeviceToHost);
  status.Update(Wait());
  if (block == nullptr) return status;
  if (status.ok()) std::memcpy(host, block->memory, bytes);
  blocks_.GiveBack(std::move(block));
  return status;
}

absl::Status CudaStaging::Copy(const void* from, int64_t bytes, void* to,
                               cudaMemcpyKind kind) {
  return ToStatus(
      cudaMemcpyAsync(to, from, bytes, kind, stream_),
      kind == cudaMemcpyHostToDevice ? "copy to the GPU" : "copy from the GPU");
}

absl::Status CudaStaging::Wait() {
  return ToStatus(cudaStreamSynchronize(stream_), "computing");
}

}  // namespace cuda
}  // namespace fcis::kernels
