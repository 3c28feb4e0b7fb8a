// RoIs that vote for masks, for tests.
#ifndef FCIS_KERNELS_TESTING_VOTING_CASE_H_
#define FCIS_KERNELS_TESTING_VOTING_CASE_H_

#include <cstdint>
#include <functional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "fcis/core/tensor/tensor.h"
#include "fcis/kernels/ops/vote_masks.h"
#include "gtest/gtest.h"

namespace fcis::kernels {

// What VoteMasks takes.
struct VotingCase {
  int height = 48, width = 70;  // of the picture
  Tensor rois, class_probs, mask_probs;
};

// `count` boxes within the picture around a few places, so that many overlap;
// some equal, some empty or inside out; some equal scores. Masks: [7,7].
VotingCase RandomVotingCase(int count, int classes, uint64_t seed);

// The thresholds of chainer-fcis for such a picture.
VoteParams VotingParams(const VotingCase& c);

// Rows of all masks, f32 [n,m,m], for VoteMasks. A failure if the RoIs that it
// is asked for do not rise.
std::function<absl::StatusOr<Tensor>(absl::Span<const int> rois)> MasksAmong(
    const Tensor& all);

// Whether both are the same instances in the same order, bit for bit.
::testing::AssertionResult SameInstances(absl::Span<const VotedInstance> got,
                                         absl::Span<const VotedInstance> want);

}  // namespace fcis::kernels

#endif  // FCIS_KERNELS_TESTING_VOTING_CASE_H_
