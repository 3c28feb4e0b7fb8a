// The accelerator's part of the environment.
#ifndef FCIS_KERNELS_CUDA_ENVIRONMENT_H_
#define FCIS_KERNELS_CUDA_ENVIRONMENT_H_

#include <string>
#include <vector>

namespace fcis::kernels {

struct EnvironmentEntry {
  std::string name;   // "oneDNN"
  std::string value;  // "2.6.3, uses AVX-512"
};

// CUDA, cuDNN, NCCL and each device; in a build without CUDA it says so, and
// whether a driver is there.
std::vector<EnvironmentEntry> DescribeCuda();

// A line per entry, values below each other.
std::string EnvironmentText(const std::vector<EnvironmentEntry>& entries);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_ENVIRONMENT_H_
