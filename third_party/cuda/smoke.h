// The least program that needs nvcc, cuDNN and NCCL.
#ifndef THIRD_PARTY_CUDA_SMOKE_H_
#define THIRD_PARTY_CUDA_SMOKE_H_

#include "absl/status/status.h"

namespace fcis {

// How many devices the driver offers; 0 without a driver.
int CudaDeviceCount();

// The version cuDNN and NCCL report, e.g. 91900 and 22809.
int CudnnVersion();
int NcclVersion();

// data[i] = 2 * data[i] for i in [0, n), computed on device 0. Error: what the
// CUDA runtime says.
absl::Status DoubleOnDevice(float* data, int n);

}  // namespace fcis

#endif  // THIRD_PARTY_CUDA_SMOKE_H_
