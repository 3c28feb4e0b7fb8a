// Softmax over rows as a body of launch.h: a thread per row.
#ifndef FCIS_KERNELS_CUDA_ROW_BODIES_H_
#define FCIS_KERNELS_CUDA_ROW_BODIES_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"
#include "fcis/kernels/ops/softmax.h"

namespace fcis {
namespace cuda {

// Count: rows of `length` >= 1.
struct SoftmaxBody {
  int64_t length;
  const float* x;
  float* y;

  FCIS_HD void operator()(int64_t row) const {
    SoftmaxRow(x + row * length, length, y + row * length);
  }
};

}  // namespace cuda
}  // namespace fcis

#endif  // FCIS_KERNELS_CUDA_ROW_BODIES_H_
