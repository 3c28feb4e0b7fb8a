#include <cub/device/device_radix_sort.cuh>

#include "fcis/core/base/status_macros.h"
#include "fcis/kernels/cuda/cuda_executor.h"
#include "fcis/kernels/cuda/status.h"

namespace fcis::kernels {
namespace cuda {

absl::StatusOr<Tensor> CudaExecutor::SortedDescending(const Tensor& keys) {
  RETURN_IF_ERROR(Use());
  ASSIGN_OR_RETURN(Tensor sorted, Allocate(keys.shape(), DType::kU64));
  const auto sort = [&](void* scratch, size_t* bytes) {
    return ToStatus(
        cub::DeviceRadixSort::SortKeysDescending(
            scratch, *bytes, static_cast<const uint64_t*>(keys.raw()),
            static_cast<uint64_t*>(sorted.mutable_raw()), keys.num_elements(),
            0, 64, stream()),
        "sort");
  };
  size_t bytes = 0;
  RETURN_IF_ERROR(sort(nullptr, &bytes));
  ASSIGN_OR_RETURN(Tensor scratch,
                   Allocate({static_cast<int64_t>(bytes)}, DType::kU8));
  RETURN_IF_ERROR(sort(scratch.mutable_raw(), &bytes));
  return sorted;
}

}  // namespace cuda
}  // namespace fcis::kernels
