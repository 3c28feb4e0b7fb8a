// Where the largest value of a row is.
#ifndef FCIS_KERNELS_OPS_ARG_MAX_H_
#define FCIS_KERNELS_OPS_ARG_MAX_H_

#include <cstdint>

#include "fcis/core/base/host_device.h"

namespace fcis::kernels {

// Index of the largest of n >= 1 values; the first of equals. A NaN is the
// largest only if it comes first.
FCIS_HD inline int32_t ArgMaxOfRow(const float* row, int64_t n) {
  int32_t best = 0;
  for (int64_t i = 1; i < n; ++i) {
    if (row[best] < row[i]) best = static_cast<int32_t>(i);
  }
  return best;
}

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_OPS_ARG_MAX_H_
