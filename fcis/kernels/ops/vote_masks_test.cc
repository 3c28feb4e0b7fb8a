// Every backend, with all tensors where it computes, against ref, which
// fcis/model:mask_voting_test compares with a plain implementation.
#include "fcis/kernels/ops/vote_masks.h"

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
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
  size_t ExpectLikeRef(const VotingCase& c, const VoteParams& params) {
    const auto masks = MasksAmong(c.mask_probs);
    const auto want =
        ops::VoteMasks(*ref_, params, c.rois, c.class_probs, masks);
    const auto got = ops::VoteMasks(
        *backend_, params, *backend_->ToDevice(c.rois),
        *backend_->ToDevice(c.class_probs), [&](absl::Span<const int> some) {
          return backend_->ToDevice(*masks(some));
        });
    EXPECT_TRUE(want.ok()) << want.status();
    EXPECT_TRUE(got.ok()) << got.status();
    if (!want.ok() || !got.ok()) return 0;
    EXPECT_TRUE(SameInstances(*got, *want));
    return want->size();
  }

  const std::unique_ptr<Backend> ref_ = MakeTestBackend("ref");
  const std::unique_ptr<Backend> backend_ = MakeTestBackend(GetParam());
};

// RoIs that fill words of 64 and do not; one class and many.
TEST_P(VoteMasksTest, LikeRef) {
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
          found += ExpectLikeRef(
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
    const size_t all = ExpectLikeRef(c, params);
    params.min_side = 19;
    const size_t large = ExpectLikeRef(c, params);
    EXPECT_GT(large, 0u);
    EXPECT_LT(large, all);
    params.min_side = 1000;
    EXPECT_EQ(ExpectLikeRef(c, params), 0u);
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
    EXPECT_GT(ExpectLikeRef(c, params), 0u);
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
    EXPECT_GE(ExpectLikeRef(c, params), 15u);
  }
}

// More candidates than voted for at a time.
TEST_P(VoteMasksTest, ManyCandidates) {
  VoteParams params = VotingParams(VotingCase());
  params.rule = VotingRule::kChainercv;
  params.score_thresh = 0;
  params.max_detections = 1000;
  params.nms_thresh = 0.95f;
  EXPECT_GT(ExpectLikeRef(RandomVotingCase(120, 6, 12), params), 300u);
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
    EXPECT_GT(ExpectLikeRef(c, params), 0u);
    // Weights that sum to 0 are NaN.
    for (int r = 0; r < 70; ++r) score[r * 4 + 2] = 0;
    ExpectLikeRef(c, params);
  }
}

TEST_P(VoteMasksTest, NothingToVoteFor) {
  VoteParams params = VotingParams(VotingCase());
  EXPECT_EQ(ExpectLikeRef(RandomVotingCase(0, 4, 1), params), 0u);
  EXPECT_EQ(ExpectLikeRef(RandomVotingCase(9, 1, 1), params), 0u);
  params.score_thresh = 1;
  EXPECT_EQ(ExpectLikeRef(RandomVotingCase(9, 4, 1), params), 0u);
  params.score_thresh = 0;
  params.binary_thresh = 2;  // no pixel passes
  EXPECT_EQ(ExpectLikeRef(RandomVotingCase(9, 4, 1), params), 0u);
}

// Most RoIs of a picture in which little is found make no mask.
TEST_P(VoteMasksTest, AsksForTheMasksOfVotersOnly) {
  const VotingCase c = RandomVotingCase(150, 4, 11);
  VoteParams params = VotingParams(c);
  params.max_detections = 1;
  std::vector<size_t> asked;
  const auto masks = [&](absl::Span<const int> some) {
    asked.push_back(some.size());
    return MasksAmong(c.mask_probs)(some);
  };
  ASSERT_TRUE(
      ops::VoteMasks(*backend_, params, c.rois, c.class_probs, masks).ok());
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_GT(asked[0], 1u);
  EXPECT_LT(asked[0], 75u);
  params.score_thresh = 1;
  ASSERT_TRUE(
      ops::VoteMasks(*backend_, params, c.rois, c.class_probs, masks).ok());
  EXPECT_EQ(asked.size(), 1u);
}

TEST_P(VoteMasksTest, BadArgumentsAreErrors) {
  const VotingCase c = RandomVotingCase(9, 4, 1);
  const auto works = [&](const VoteParams& params, const Tensor& rois,
                         const Tensor& scores, RoiMasks masks) {
    return ops::VoteMasks(*backend_, params, rois, scores, masks).ok();
  };
  VoteParams good = VotingParams(c);
  good.score_thresh = 0.01f;
  const auto masks = MasksAmong(c.mask_probs);
  EXPECT_TRUE(works(good, c.rois, c.class_probs, masks));
  EXPECT_FALSE(
      works(good, c.class_probs.Reshaped({4, 9}), c.class_probs, masks));
  EXPECT_FALSE(works(good, c.rois, Tensor::Zeros({8, 4}), masks));
  EXPECT_FALSE(works(good, c.rois, Tensor::Zeros({9, 4}, DType::kF64), masks));
  VoteParams bad = good;
  bad.max_detections = 0;
  EXPECT_FALSE(works(bad, c.rois, c.class_probs, masks));
  bad = good;
  bad.scale = 0;
  EXPECT_FALSE(works(bad, c.rois, c.class_probs, masks));
  EXPECT_FALSE(works(VoteParams(), c.rois, c.class_probs, masks));

  EXPECT_FALSE(works(good, c.rois, c.class_probs,
                     [](absl::Span<const int>) -> absl::StatusOr<Tensor> {
                       return absl::InternalError("no masks");
                     }));
  EXPECT_FALSE(
      works(good, c.rois, c.class_probs, MasksAmong(Tensor::Zeros({9, 7, 6}))));
  EXPECT_FALSE(works(good, c.rois, c.class_probs,
                     [](absl::Span<const int> some) -> absl::StatusOr<Tensor> {
                       const auto more = static_cast<int64_t>(some.size()) + 1;
                       return Tensor::Zeros({more, 7, 7});
                     }));
}

INSTANTIATE_TEST_SUITE_P(Backends, VoteMasksTest,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::kernels
