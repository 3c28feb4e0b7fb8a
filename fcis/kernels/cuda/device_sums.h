// Sums over processes of arrays in an executor's memory (body_ops.h), in place;
// of the type that they are made for, f32 or bf16. ParameterSums' calls and
// promises.
#ifndef FCIS_KERNELS_CUDA_DEVICE_SUMS_H_
#define FCIS_KERNELS_CUDA_DEVICE_SUMS_H_

#include <cstdint>

#include "absl/status/status.h"

namespace fcis {
namespace cuda {

class DeviceSums {
 public:
  virtual ~DeviceSums() = default;

  virtual absl::Status Start(void* values, int64_t n) = 0;
  virtual absl::Status Progress() = 0;
  virtual absl::Status Finish() = 0;
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_DEVICE_SUMS_H_
