#include "fcis/kernels/cuda_environment.h"

#include <dlfcn.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#if defined(FCIS_CUDA)
#include <cuda_runtime_api.h>
#include <cudnn.h>
#include <nccl.h>
#endif

namespace fcis::kernels {
namespace {

EnvironmentEntry Driver() {
  void* driver = dlopen("libcuda.so.1", RTLD_LAZY);
  if (driver == nullptr) {
    dlerror();  // gives back what is kept of the failure
    return {"CUDA driver", "not found (libcuda.so.1)"};
  }
  dlclose(driver);
  return {"CUDA driver", "found"};
}

#if defined(FCIS_CUDA)

// CUDA writes 12.4 as 12040.
std::string CudaVersion(int version) {
  return absl::StrCat(version / 1000, ".", version % 1000 / 10);
}

std::vector<EnvironmentEntry> Devices() {
  int count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) {
    return {{"CUDA devices", cudaGetErrorString(error)}};
  }
  std::vector<EnvironmentEntry> entries;
  for (int i = 0; i < count; ++i) {
    cudaDeviceProp device;
    if (cudaGetDeviceProperties(&device, i) != cudaSuccess) continue;
    entries.push_back(
        {absl::StrCat("CUDA device ", i),
         absl::StrFormat(
             "%s, compute %d.%d, %.1f GiB", device.name, device.major,
             device.minor,
             static_cast<double>(device.totalGlobalMem) / (1 << 30))});
  }
  return entries;
}

std::vector<EnvironmentEntry> Libraries() {
  int runtime = 0, nccl = 0;
  cudaRuntimeGetVersion(&runtime);
  ncclGetVersion(&nccl);
  const int cudnn = static_cast<int>(cudnnGetVersion());
  return {{"CUDA", CudaVersion(runtime)},
          {"cuDNN", absl::StrFormat("%d.%d.%d", cudnn / 10000,
                                    cudnn / 100 % 100, cudnn % 100)},
          {"NCCL", absl::StrFormat("%d.%d.%d", nccl / 10000, nccl / 100 % 100,
                                   nccl % 100)}};
}

#else

std::vector<EnvironmentEntry> Devices() { return {}; }

std::vector<EnvironmentEntry> Libraries() {
  const char* absent = "not compiled in (bazel build --config=cuda)";
  return {{"CUDA", absent}, {"cuDNN", absent}, {"NCCL", absent}};
}

#endif

}  // namespace

std::vector<EnvironmentEntry> DescribeCuda() {
  std::vector<EnvironmentEntry> entries = Libraries();
  entries.push_back(Driver());
  for (EnvironmentEntry& device : Devices()) entries.push_back(device);
  return entries;
}

std::string EnvironmentText(const std::vector<EnvironmentEntry>& entries) {
  size_t widest = 0;
  for (const EnvironmentEntry& e : entries) {
    widest = std::max(widest, e.name.size());
  }
  std::string text;
  for (const EnvironmentEntry& e : entries) {
    absl::StrAppend(&text, e.name, std::string(widest + 2 - e.name.size(), ' '),
                    e.value, "\n");
  }
  return text;
}

}  // namespace fcis::kernels
