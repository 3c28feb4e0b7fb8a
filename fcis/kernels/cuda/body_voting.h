// Mask voting (ops/vote_masks.h) on an executor (body_ops.h): the host waits
// for the number of candidates and for the instances.
#ifndef FCIS_KERNELS_CUDA_BODY_VOTING_H_
#define FCIS_KERNELS_CUDA_BODY_VOTING_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fcis/core/base/status_macros.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/bodies/body_ops.h"
#include "fcis/kernels/bodies/extents.h"
#include "fcis/kernels/cuda/overlap_walk.h"
#include "fcis/kernels/cuda/voting_bodies.h"
#include "fcis/kernels/ops/vote_masks.h"

namespace fcis::kernels {
namespace cuda {

template <typename Executor>
class BodyVoting {
 public:
  // The executor outlives it.
  explicit BodyVoting(Executor* executor) : run_(executor) {}

  // Arguments: Backend's. Results: VoteMasksOnHost's, bit for bit.
  absl::StatusOr<std::vector<VotedInstance>> VoteMasks(
      const VoteParams& params, const Tensor& rois, const Tensor& class_probs,
      const Tensor& mask_probs) {
    if (class_probs.dim(1) < 2) return std::vector<VotedInstance>();
    RETURN_IF_ERROR(CheckCount(rois.dim(0), INT32_MAX, "RoIs"));
    ASSIGN_OR_RETURN(const Tensor boxes, run_->ToDevice(rois));
    ASSIGN_OR_RETURN(const Tensor scores, run_->ToDevice(class_probs));
    ASSIGN_OR_RETURN(const Tensor masks, run_->ToDevice(mask_probs));
    const Voters voters = {params,
                           rois.dim(0),
                           class_probs.dim(1),
                           static_cast<int>(mask_probs.dim(1)),
                           Elements<Box>(boxes),
                           Elements<float>(scores),
                           Elements<float>(masks)};
    ASSIGN_OR_RETURN(const Overlaps overlaps, FindOverlaps(voters));
    ASSIGN_OR_RETURN(const Candidates candidates,
                     Suppress(voters, overlaps.suppress));
    return params.rule == VotingRule::kChainercv
               ? Vote<float>(voters, overlaps, candidates)
               : Vote<double>(voters, overlaps, candidates);
  }

 private:
  struct Overlaps {
    Tensor boxes;            // f32 [n,4], in the picture
    Tensor suppress, merge;  // u64 [n,words]
  };
  struct Survivors {
    int64_t slots;  // of a class
    Tensor kept;    // i32 [F,slots]
    Tensor counts;  // i32 [F]
  };
  struct Candidates {
    Tensor list;  // VotingCandidate [count] and more
    int64_t count;
  };

  // Memory for the votes of that many candidates is in use at a time.
  static constexpr int64_t kAtOnce = 128;

  absl::StatusOr<Overlaps> FindOverlaps(const Voters& voters) {
    const int64_t n = voters.n, words = OverlapWords(n);
    Overlaps found;
    ASSIGN_OR_RETURN(found.boxes, run_->Allocate({n, 4}, DType::kF32));
    ASSIGN_OR_RETURN(found.suppress, run_->Allocate({n, words}, DType::kU64));
    ASSIGN_OR_RETURN(found.merge, run_->Allocate({n, words}, DType::kU64));
    RETURN_IF_ERROR(run_->Run(
        VotingBoxBody{voters, MutableElements<Box>(&found.boxes)}, n));
    RETURN_IF_ERROR(
        run_->Run(VotingOverlapBody{voters, Elements<Box>(found.boxes),
                                    MutableElements<uint64_t>(&found.suppress),
                                    MutableElements<uint64_t>(&found.merge)},
                  n * words));
    return found;
  }

  // The RoIs of each class, best first.
  absl::StatusOr<Tensor> Order(const Voters& voters) {
    const int64_t n = voters.n, classes = voters.foreground();
    ASSIGN_OR_RETURN(Tensor keys, run_->Allocate({n, classes}, DType::kU64));
    ASSIGN_OR_RETURN(Tensor order, run_->Allocate({classes, n}, DType::kI32));
    RETURN_IF_ERROR(run_->Run(
        VotingKeyBody{voters, MutableElements<uint64_t>(&keys)}, n * classes));
    RETURN_IF_ERROR(run_->Run(RankBody{n, classes, Elements<uint64_t>(keys),
                                       MutableElements<int32_t>(&order)},
                              n * classes));
    return order;
  }

  absl::StatusOr<Candidates> Suppress(const Voters& voters,
                                      const Tensor& suppress) {
    const int64_t n = voters.n, classes = voters.foreground();
    ASSIGN_OR_RETURN(const Tensor order, Order(voters));
    const int limit = SurvivorsPerClass(voters.params);
    Survivors all;
    all.slots = limit < 0 ? n : std::min<int64_t>(n, limit);
    ASSIGN_OR_RETURN(Tensor suppressed,
                     run_->Allocate({classes, OverlapWords(n)}, DType::kU64));
    ASSIGN_OR_RETURN(all.kept,
                     run_->Allocate({classes, all.slots}, DType::kI32));
    ASSIGN_OR_RETURN(all.counts, run_->Allocate({classes}, DType::kI32));
    RETURN_IF_ERROR(
        run_->Run(ClassWalkBody{n, all.slots, Elements<int32_t>(order),
                                Elements<uint64_t>(suppress),
                                MutableElements<uint64_t>(&suppressed),
                                MutableElements<int32_t>(&all.kept),
                                MutableElements<int32_t>(&all.counts)},
                  classes));
    RETURN_IF_ERROR(KeepBest(voters, &all));
    return List(voters, all);
  }

  // Drops those below the max_detections-th best of all classes.
  absl::Status KeepBest(const Voters& voters, Survivors* all) {
    const int64_t classes = voters.foreground(), most = classes * all->slots;
    const int64_t wanted = voters.params.max_detections;
    if (most <= wanted) return absl::OkStatus();
    ASSIGN_OR_RETURN(Tensor keys, run_->Allocate({most}, DType::kU64));
    RETURN_IF_ERROR(run_->Run(
        SurvivorKeyBody{voters, all->slots, Elements<int32_t>(all->kept),
                        Elements<int32_t>(all->counts),
                        MutableElements<uint64_t>(&keys)},
        most));
    ASSIGN_OR_RETURN(const Tensor sorted, run_->SortedDescending(keys));
    return run_->Run(CutBody{all->slots, Elements<uint64_t>(keys),
                             Elements<uint64_t>(sorted) + wanted - 1,
                             MutableElements<int32_t>(&all->counts)},
                     classes);
  }

  // Waits for the count.
  absl::StatusOr<Candidates> List(const Voters& voters, const Survivors& all) {
    const int64_t classes = voters.foreground();
    Candidates candidates;
    ASSIGN_OR_RETURN(candidates.list,
                     AllocateOf<VotingCandidate>(classes * all.slots));
    ASSIGN_OR_RETURN(Tensor total, run_->Allocate({1}, DType::kI64));
    RETURN_IF_ERROR(run_->Run(
        CandidatesBody{classes, all.slots, Elements<int32_t>(all.kept),
                       Elements<int32_t>(all.counts),
                       MutableElements<VotingCandidate>(&candidates.list),
                       MutableElements<int64_t>(&total)},
        classes));
    RETURN_IF_ERROR(
        run_->Read(total.raw(), sizeof(int64_t), &candidates.count));
    return candidates;
  }

  template <typename Sum>
  absl::StatusOr<std::vector<VotedInstance>> Vote(
      const Voters& voters, const Overlaps& overlaps,
      const Candidates& candidates) {
    const int64_t count = candidates.count;
    const int64_t cells = int64_t{voters.mask_size} * voters.mask_size;
    if (count == 0) return std::vector<VotedInstance>();
    // Rows, then masks: they are fetched together.
    const int64_t bytes = count * (sizeof(VotedRow) + cells * sizeof(float));
    ASSIGN_OR_RETURN(Tensor results, run_->Allocate({bytes}, DType::kU8));
    auto* const rows = MutableElements<VotedRow>(&results);
    auto* const masks = reinterpret_cast<float*>(rows + count);
    for (int64_t first = 0; first < count; first += kAtOnce) {
      RETURN_IF_ERROR(VoteForSome<Sum>(
          voters, overlaps, Elements<VotingCandidate>(candidates.list) + first,
          std::min(kAtOnce, count - first), rows + first,
          masks + first * cells));
    }
    ASSIGN_OR_RETURN(const Tensor host, run_->ToHost(results));
    return Instances(host, count, voters.mask_size);
  }

  template <typename Sum>
  absl::Status VoteForSome(const Voters& voters, const Overlaps& overlaps,
                           const VotingCandidate* candidates, int64_t count,
                           VotedRow* rows, float* masks) {
    const int64_t n = voters.n, height = voters.params.height;
    ASSIGN_OR_RETURN(Tensor weights, run_->Allocate({count, n}, DType::kF32));
    ASSIGN_OR_RETURN(Tensor votes, AllocateOf<PlacedVote>(count * n));
    ASSIGN_OR_RETURN(Tensor ballots, AllocateOf<Ballot>(count));
    RETURN_IF_ERROR(
        run_->Run(BallotBody{voters, Elements<Box>(overlaps.boxes),
                             Elements<uint64_t>(overlaps.merge), candidates,
                             MutableElements<float>(&weights),
                             MutableElements<PlacedVote>(&votes),
                             MutableElements<Ballot>(&ballots)},
                  count));
    const VotedSums<Sum> sums = {n,
                                 voters.mask_size,
                                 voters.params.binary_thresh,
                                 voters.masks,
                                 Elements<PlacedVote>(votes),
                                 Elements<Ballot>(ballots)};
    const int64_t lines = count * height;
    ASSIGN_OR_RETURN(Tensor of_lanes, AllocateOf<PixelBox>(lines * kRowLanes));
    ASSIGN_OR_RETURN(Tensor of_lines, AllocateOf<PixelBox>(lines));
    ASSIGN_OR_RETURN(Tensor extents, AllocateOf<PixelBox>(count));
    RETURN_IF_ERROR(run_->Run(
        LaneExtentBody<Sum>{sums, height, MutableElements<PixelBox>(&of_lanes)},
        lines * kRowLanes));
    RETURN_IF_ERROR(run_->Run(UnionBody{kRowLanes, Elements<PixelBox>(of_lanes),
                                        MutableElements<PixelBox>(&of_lines)},
                              lines));
    RETURN_IF_ERROR(run_->Run(UnionBody{height, Elements<PixelBox>(of_lines),
                                        MutableElements<PixelBox>(&extents)},
                              count));
    const int64_t cells = int64_t{voters.mask_size} * voters.mask_size;
    return run_->Run(
        VotedMaskBody<Sum>{voters, sums, candidates,
                           Elements<PixelBox>(extents), rows, masks},
        count * cells);
  }

  static std::vector<VotedInstance> Instances(const Tensor& host, int64_t count,
                                              int64_t m) {
    const auto* rows = static_cast<const VotedRow*>(host.raw());
    const auto* masks = reinterpret_cast<const float*>(rows + count);
    std::vector<VotedInstance> instances;
    for (int64_t c = 0; c < count; ++c) {
      if (rows[c].box.empty()) continue;
      VotedInstance v = {rows[c].label, rows[c].score, rows[c].box,
                         Tensor(Shape{m, m})};
      std::memcpy(v.mask.mutable_raw(), masks + c * m * m, v.mask.num_bytes());
      instances.push_back(std::move(v));
    }
    return instances;
  }

  template <typename T>
  absl::StatusOr<Tensor> AllocateOf(int64_t count) {
    return run_->Allocate({count * static_cast<int64_t>(sizeof(T))},
                          DType::kU8);
  }

  Executor* const run_;
};

}  // namespace cuda
}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_CUDA_BODY_VOTING_H_
