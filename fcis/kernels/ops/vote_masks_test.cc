// Every backend against VoteMasksOnHost, which fcis/model:mask_voting_test
// compares with a plain implementation.
#include "fcis/kernels/ops/vote_masks.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/kernels/backend.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/voting_case.h"
#include "gtest/gtest.h"

namespace fcis::kernels {
namespace {

constexpr VotingRule kRules[] = {VotingRule::kChainerFcis,
                                 VotingRule::kChainercv};

class VoteMasksTest : public ::testing::TestWithParam<std::string> {
 protected:
  // How many instances both find.
  size_t ExpectLikeHost(const VotingCase& c, const VoteParams& params) {
    const auto want =
        VoteMasksOnHost(params, c.rois, c.class_probs, c.mask_probs);
    const auto got =
        ops::VoteMasks(*backend_, params, c.rois, c.class_probs, c.mask_probs);
    EXPECT_TRUE(got.ok()) << got.status();
    if (got.ok()) {
      EXPECT_TRUE(SameInstances(*got, want));
    }
    return want.size();
  }

  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
};

// RoIs that fill words of 64 and do not; one class and many.
TEST_P(VoteMasksTest, LikeHost) {
  for (const VotingRule rule : kRules) {
    size_t found = 0;
    for (const int count : {1, 2, 63, 64, 65, 150}) {
      for (const int classes : {2, 5, 81}) {
        for (const int most : {1, 3, 100}) {
          SCOPED_TRACE(absl::StrCat(count, " ", classes, " ", most));
          VoteParams params = VotingParams(VotingCase());
          params.rule = rule;
          params.score_thresh = 0.01f;
          params.max_detections = most;
          found += ExpectLikeHost(
              RandomVotingCase(count, classes, count + classes), params);
        }
      }
    }
    EXPECT_GT(found, 500);
  }
}

TEST_P(VoteMasksTest, ScaledAndWithoutSmallRois) {
  for (const VotingRule rule : kRules) {
    VotingCase c = RandomVotingCase(90, 4, 7);
    c.height = 31;
    c.width = 45;
    VoteParams params = VotingParams(VotingCase());
    params.rule = rule;
    params.score_thresh = 0.1f;
    params.scale = 1.3f;
    const size_t all = ExpectLikeHost(c, params);
    params.min_side = 19;
    const size_t large = ExpectLikeHost(c, params);
    EXPECT_GT(large, 0u);
    EXPECT_LT(large, all);
    params.min_side = 1000;
    EXPECT_EQ(ExpectLikeHost(c, params), 0u);
  }
}

// Some voters round to nothing.
TEST_P(VoteMasksTest, RoisOfAboutAPixel) {
  VotingCase c = RandomVotingCase(150, 4, 11);
  c.height = 3;
  c.width = 5;
  for (const VotingRule rule : kRules) {
    VoteParams params = VotingParams(VotingCase());
    params.rule = rule;
    params.score_thresh = 0.01f;
    params.scale = 30;
    EXPECT_GT(ExpectLikeHost(c, params), 0u);
  }
}

// All equal: every survivor is as good as the last one that is wanted.
TEST_P(VoteMasksTest, EqualScoresAllStay) {
  VotingCase c = RandomVotingCase(130, 6, 3);
  for (float& p : c.class_probs.mutable_span<float>()) p = 1.0f / 6;
  for (const VotingRule rule : kRules) {
    VoteParams params = VotingParams(VotingCase());
    params.rule = rule;
    params.score_thresh = 0;
    params.max_detections = 3;
    EXPECT_GE(ExpectLikeHost(c, params), 15u);
  }
}

// More candidates than voted for at a time.
TEST_P(VoteMasksTest, ManyCandidates) {
  VoteParams params = VotingParams(VotingCase());
  params.rule = VotingRule::kChainercv;
  params.score_thresh = 0;
  params.max_detections = 1000;
  params.nms_thresh = 0.95f;
  EXPECT_GT(ExpectLikeHost(RandomVotingCase(120, 6, 12), params), 300u);
}

TEST_P(VoteMasksTest, OddValues) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  VotingCase c = RandomVotingCase(70, 4, 5);
  float* roi = c.rois.mutable_data<float>();
  roi[2] = kNan;
  roi[4] = roi[6];  // empty
  float* score = c.class_probs.mutable_data<float>();
  score[5 * 4 + 1] = kNan;
  score[6 * 4 + 1] = 0.0f;
  score[7 * 4 + 1] = -0.0f;
  c.mask_probs.mutable_data<float>()[8 * 49] = kNan;
  for (const VotingRule rule : kRules) {
    VoteParams params = VotingParams(VotingCase());
    params.rule = rule;
    params.score_thresh = -1;
    params.min_vote_score = -1;
    EXPECT_GT(ExpectLikeHost(c, params), 0u);
    // Weights that sum to 0 are NaN.
    for (int r = 0; r < 70; ++r) score[r * 4 + 2] = 0;
    ExpectLikeHost(c, params);
  }
}

TEST_P(VoteMasksTest, NothingToVoteFor) {
  VoteParams params = VotingParams(VotingCase());
  EXPECT_EQ(ExpectLikeHost(RandomVotingCase(0, 4, 1), params), 0u);
  EXPECT_EQ(ExpectLikeHost(RandomVotingCase(9, 1, 1), params), 0u);
  params.score_thresh = 1;
  EXPECT_EQ(ExpectLikeHost(RandomVotingCase(9, 4, 1), params), 0u);
  params.score_thresh = 0;
  params.binary_thresh = 2;  // no pixel passes
  EXPECT_EQ(ExpectLikeHost(RandomVotingCase(9, 4, 1), params), 0u);
}

TEST_P(VoteMasksTest, BadArgumentsAreErrors) {
  const VotingCase c = RandomVotingCase(9, 4, 1);
  const VoteParams good = VotingParams(c);
  const auto works = [&](const VoteParams& params, const Tensor& rois,
                         const Tensor& scores, const Tensor& masks) {
    return ops::VoteMasks(*backend_, params, rois, scores, masks).ok();
  };
  EXPECT_TRUE(works(good, c.rois, c.class_probs, c.mask_probs));
  EXPECT_FALSE(
      works(good, c.class_probs.Reshaped({4, 9}), c.class_probs, c.mask_probs));
  EXPECT_FALSE(works(good, c.rois, Tensor::Zeros({8, 4}), c.mask_probs));
  EXPECT_FALSE(works(good, c.rois, c.class_probs, Tensor::Zeros({9, 7, 6})));
  EXPECT_FALSE(
      works(good, c.rois, Tensor::Zeros({9, 4}, DType::kF64), c.mask_probs));
  VoteParams bad = good;
  bad.max_detections = 0;
  EXPECT_FALSE(works(bad, c.rois, c.class_probs, c.mask_probs));
  bad = good;
  bad.scale = 0;
  EXPECT_FALSE(works(bad, c.rois, c.class_probs, c.mask_probs));
  EXPECT_FALSE(works(VoteParams(), c.rois, c.class_probs, c.mask_probs));
}

INSTANTIATE_TEST_SUITE_P(Backends, VoteMasksTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
