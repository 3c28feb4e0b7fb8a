// The windows of all RoIs along one axis, bin by bin, with equal neighbours
// merged: a RoI of small cells needs far fewer sums than it has cells.
#ifndef FCIS_KERNELS_CPU_PSROI_WINDOWS_H_
#define FCIS_KERNELS_CPU_PSROI_WINDOWS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "fcis/core/tensor/block_cache.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/psroi_pool.h"

namespace fcis::kernels {

// Cells [first, first + count) of one bin, all with the window [start, end).
struct PsroiRun {
  int start, end;
  int first, count;
};

class PsroiWindows {
 public:
  // lo, hi: columns of `rois` that bound the axis (0 and 2 for x, 1 and 3 for
  // y); extent: map pixels along it.
  PsroiWindows(const PsroiParams& params, const Tensor& rois, int lo, int hi,
               int extent);

  // Runs of one RoI in one bin, by rising cell; empty windows are left out.
  absl::Span<const PsroiRun> runs(int64_t roi, int bin) const {
    const int32_t* b = &begin_[roi * (bins_ + 1) + bin];
    return absl::MakeConstSpan(runs_.data() + b[0], b[1] - b[0]);
  }

 private:
  void AddRoi(const PsroiParams& params, const PsroiAxis& axis, int extent);

  const int bins_;
  RecycledVector<PsroiRun> runs_;
  RecycledVector<int32_t> begin_;  // per RoI, bins_ + 1 positions in runs_
};

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CPU_PSROI_WINDOWS_H_
