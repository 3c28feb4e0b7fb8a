#include "fcis/api/c_masks.h"

#include <algorithm>
#include <memory>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "fcis/api/c_status.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/base/within.h"

namespace fcis::api {

absl::Status CheckMaskCount(int64_t n) {
  constexpr int64_t kMost = int64_t{1} << 31;
  if (n >= 0 && n < kMost) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(n, " masks, expected 0 to 2^31 - 1"));
}

absl::Status ForEachMask(int64_t n, int64_t pixels,
                         absl::FunctionRef<absl::Status(int64_t i)> call) {
  // About as long as a thread takes to start.
  constexpr int64_t kWorth = 1 << 18;
  const int64_t grain = kWorth / std::max<int64_t>(pixels, 1);
  std::mutex mutex;
  int64_t first = n;
  absl::Status error;
  ParallelFor(n, grain, [&](int64_t begin, int64_t end) {
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
  return Within(absl::StrCat("mask ", first), error);
}

absl::Status MakeMasks(int64_t n, fcis_masks** masks,
                       absl::FunctionRef<absl::StatusOr<Rle>(int64_t i)> make,
                       int64_t pixels) {
  RETURN_IF_ERROR(CheckGiven(masks, "masks"));
  auto made = std::make_unique<fcis_masks>();
  made->rles.resize(static_cast<size_t>(n));
  RETURN_IF_ERROR(ForEachMask(n, pixels, [&](int64_t i) -> absl::Status {
    ASSIGN_OR_RETURN(made->rles[static_cast<size_t>(i)], make(i));
    return absl::OkStatus();
  }));
  *masks = made.release();
  return absl::OkStatus();
}

}  // namespace fcis::api
