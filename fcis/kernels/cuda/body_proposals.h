// Proposals (ops/propose.h) on an executor (body_ops.h): the host waits for the
// boxes that are kept.
#ifndef FCIS_KERNELS_CUDA_BODY_PROPOSALS_H_
#define FCIS_KERNELS_CUDA_BODY_PROPOSALS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/body_ops.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/cuda/overlap_walk.h"
#include "fcis/kernels/cuda/proposal_bodies.h"
#include "fcis/kernels/ops/propose.h"

namespace fcis::kernels {
namespace cuda {

template <typename Executor>
class BodyProposals {
 public:
  // The executor outlives it.
  explicit BodyProposals(Executor* executor) : run_(executor) {}

  absl::StatusOr<std::vector<Box>> Propose(const ProposeParams& params,
                                           const Tensor& scores,
                                           const Tensor& deltas) {
    const int64_t all = deltas.num_elements() / 4;
    RETURN_IF_ERROR(CheckExtents(deltas.shape()));
    // Sort keys hold 32 bits of an index.
    RETURN_IF_ERROR(CheckCount(all, UINT32_MAX, "anchors"));
    const int64_t per_pixel = static_cast<int64_t>(params.anchor_base.size());
    ASSIGN_OR_RETURN(const Tensor base,
                     run_->ToDevice(RowsOfBoxes(params.anchor_base)));
    ASSIGN_OR_RETURN(const Tensor score, run_->ToDevice(scores));
    ASSIGN_OR_RETURN(const Tensor delta, run_->ToDevice(deltas));
    ASSIGN_OR_RETURN(Tensor boxes, run_->Allocate({all, 4}, DType::kF32));
    ASSIGN_OR_RETURN(Tensor keys, run_->Allocate({all}, DType::kU64));
    RETURN_IF_ERROR(run_->Run(
        DecodeBody{Elements<Box>(base), per_pixel, deltas.dim(2), params.stride,
                   params.height, params.width, params.select.min_side,
                   Elements<float>(score), Elements<BoxDelta>(delta),
                   MutableElements<Box>(&boxes),
                   MutableElements<uint64_t>(&keys)},
        all));
    ASSIGN_OR_RETURN(const Tensor sorted, run_->SortedDescending(keys));
    const int64_t n = params.select.pre_nms < 0
                          ? all
                          : std::min<int64_t>(all, params.select.pre_nms);
    const int64_t words = OverlapWords(n);
    ASSIGN_OR_RETURN(Tensor best, run_->Allocate({n, 4}, DType::kF32));
    RETURN_IF_ERROR(
        run_->Run(BestBody{Elements<uint64_t>(sorted), Elements<Box>(boxes),
                           MutableElements<Box>(&best)},
                  n));
    ASSIGN_OR_RETURN(Tensor overlaps, run_->Allocate({n, words}, DType::kU64));
    RETURN_IF_ERROR(run_->Run(
        OverlapBody{n, words, params.select.nms_thresh, Elements<Box>(best),
                    MutableElements<uint64_t>(&overlaps)},
        n * words));
    return KeptBoxes(params.select.post_nms, sorted, overlaps, best);
  }

 private:
  // What non-maximum suppression keeps of the first of the sorted keys, whose
  // boxes are `best`. Waits.
  absl::StatusOr<std::vector<Box>> KeptBoxes(int limit, const Tensor& sorted,
                                             const Tensor& overlaps,
                                             const Tensor& best) {
    const int64_t n = best.dim(0);
    const int64_t most = limit < 0 ? n : std::min<int64_t>(n, limit);
    ASSIGN_OR_RETURN(Tensor suppressed,
                     run_->Allocate({overlaps.dim(1)}, DType::kU64));
    ASSIGN_OR_RETURN(Tensor kept, run_->Allocate({most}, DType::kI32));
    // The boxes, then how many there are: fetched together.
    const int64_t bytes = most * sizeof(Box) + sizeof(int64_t);
    ASSIGN_OR_RETURN(Tensor result, run_->Allocate({bytes}, DType::kU8));
    auto* const boxes = MutableElements<Box>(&result);
    auto* const count = reinterpret_cast<int64_t*>(boxes + most);
    RETURN_IF_ERROR(
        run_->Run(ProposalWalkBody{n, most, Elements<uint64_t>(sorted),
                                   Elements<uint64_t>(overlaps),
                                   MutableElements<uint64_t>(&suppressed),
                                   MutableElements<int32_t>(&kept), count},
                  1));
    RETURN_IF_ERROR(run_->Run(
        KeptBody{Elements<Box>(best), Elements<int32_t>(kept), count, boxes},
        most));
    ASSIGN_OR_RETURN(const Tensor host, run_->ToHost(result));
    const auto* first = Elements<Box>(host);
    return std::vector<Box>(
        first, first + *reinterpret_cast<const int64_t*>(first + most));
  }

  Executor* const run_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_BODY_PROPOSALS_H_
