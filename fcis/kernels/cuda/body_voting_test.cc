// Mask voting of launches of every shape. What differs from the host by its
// arguments is fcis/kernels:backend_test's.
#include "fcis/kernels/cuda/body_voting.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/kernels/cuda/shaped_executor.h"
#include "fcis/kernels/testing/voting_case.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace cuda {
namespace {

TEST(BodyVoting, LikeHostAtAnyLaunchShape) {
  const VotingCase c = RandomVotingCase(70, 4, 3);
  for (const LaunchShape& shape : kOddShapes) {
    ShapedExecutor executor(shape);
    BodyVoting<ShapedExecutor> voting(&executor);
    for (const VotingRule rule :
         {VotingRule::kChainerFcis, VotingRule::kChainercv}) {
      for (const int most : {1, 5, 100}) {
        SCOPED_TRACE(absl::StrCat(shape.blocks, " ", most));
        VoteParams params = VotingParams(c);
        params.rule = rule;
        params.score_thresh = 0.05f;
        params.max_detections = most;
        const auto got =
            voting.VoteMasks(params, c.rois, c.class_probs, c.mask_probs);
        ASSERT_TRUE(got.ok()) << got.status();
        EXPECT_FALSE(got->empty());
        EXPECT_TRUE(SameInstances(
            *got,
            VoteMasksOnHost(params, c.rois, c.class_probs, c.mask_probs)));
      }
    }
  }
}

TEST(BodyVoting, NobodyPasses) {
  const VotingCase c = RandomVotingCase(9, 3, 1);
  VoteParams params = VotingParams(c);
  params.score_thresh = 1;
  for (const LaunchShape& shape : kOddShapes) {
    ShapedExecutor executor(shape);
    const auto got = BodyVoting<ShapedExecutor>(&executor).VoteMasks(
        params, c.rois, c.class_probs, c.mask_probs);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_TRUE(got->empty());
  }
}

}  // namespace
}  // namespace cuda
}  // namespace fcis::kernels
