#include "fcis/api/c_masks.h"

#include <mutex>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"

namespace fcis::api {

absl::Status CheckMaskCount(int64_t n) {
  constexpr int64_t kMost = int64_t{1} << 31;
  if (n >= 0 && n < kMost) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(n, " masks, expected 0 to 2^31 - 1"));
}

absl::Status ForEachMask(int64_t n,
                         absl::FunctionRef<absl::Status(int64_t i)> call) {
  constexpr int64_t kGrain = 16;
  std::mutex mutex;
  int64_t first = n;
  absl::Status error;
  ParallelFor(n, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const absl::Status status = call(i);
      if (status.ok()) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (i >= first) return;
      first = i;
      error = status;
      return;
    }
  });
  if (error.ok()) return error;
  return {error.code(), absl::StrCat("mask ", first, ": ", error.message())};
}

}  // namespace fcis::api
