// Mask aggregation and voting against the references.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/ops/mask_aggregation.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/voting_case.h"
#include "fcis/model/mask_voting.h"
#include "fcis/model/testing/packed_mask.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

// Score, NMS, merge, binary.
PostprocessConfig Thresholds(const Tensor& f64) {
  const double* t = f64.data<double>();
  PostprocessConfig config;
  config.set_score_thresh(t[0]);
  config.set_nms_thresh(t[1]);
  config.set_mask_merge_thresh(t[2]);
  config.set_binary_thresh(t[3]);
  return config;
}

class Case {
 public:
  Case(const GoldenFile& golden, int index) : golden_(golden), index_(index) {}

  Tensor Get(const char* name) const {
    return golden_.Get(absl::StrCat("mv", index_, "/", name));
  }

  std::vector<Box> Boxes() const { return BoxesFromYxyx(Get("rois")); }

  kernels::VoteParams Params() const {
    kernels::VoteParams params = VoteParamsOf(Config());
    const Tensor size = Get("H_W_nclass_max");
    params.height = size.data<int32_t>()[0];
    params.width = size.data<int32_t>()[1];
    EXPECT_EQ(Get("cls_probs").dim(1), size.data<int32_t>()[2]);
    return params;
  }

  PostprocessConfig Config() const {
    PostprocessConfig config =
        Thresholds(Get("thresh_score_nms_merge_binary_f64"));
    config.set_max_detections(Get("H_W_nclass_max").data<int32_t>()[3]);
    return config;
  }

 private:
  const GoldenFile& golden_;
  const int index_;
};

TEST(MaskAggregationParity, OneSum) {
  const GoldenFile golden("mask_voting.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const Case c(golden, i);
    const Tensor rois = c.Get("agg_idx"), weights = c.Get("agg_weights");
    std::vector<kernels::MaskVote> votes;
    for (int64_t v = 0; v < rois.num_elements(); ++v) {
      votes.push_back({rois.data<int32_t>()[v], weights.data<float>()[v]});
    }
    const auto got = kernels::AggregateMasks<double>(
        c.Boxes(), c.Get("mask_probs"), votes, c.Config().binary_thresh());
    ASSERT_TRUE(got.has_value());
    EXPECT_EQ(ToBox(got->box),
              BoxesFromYxyx(c.Get("agg_bbox").Reshaped({1, 4}))[0]);
    const Tensor sums = Tensor::FromSpan<double>(
        {got->box.height(), got->box.width()}, got->sums);
    EXPECT_TRUE(AllNear(sums, c.Get("agg_mask_f64"), 1e-6));
  }
}

class MaskVotingParity : public ::testing::TestWithParam<std::string> {};

TEST_P(MaskVotingParity, Instances) {
  const auto backend = kernels::MakeTestBackend(GetParam());
  const GoldenFile golden("mask_voting.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const Case c(golden, i);
    const auto voted = MaskVoting(*backend, c.Params(), RowsOfBoxes(c.Boxes()),
                                  c.Get("cls_probs"),
                                  kernels::MasksAmong(c.Get("mask_probs")));
    ASSERT_TRUE(voted.ok()) << voted.status();
    const std::vector<Detection>& got = *voted;
    const std::vector<Box> boxes = BoxesFromYxyx(c.Get("out_bboxes"));
    const Tensor labels = c.Get("out_labels"), scores = c.Get("out_scores");
    const Tensor masks = c.Get("out_masks");
    ASSERT_EQ(got.size(), boxes.size());
    for (size_t d = 0; d < got.size(); ++d) {
      EXPECT_EQ(got[d].box, boxes[d]) << d;
      EXPECT_EQ(got[d].label, labels.data<int32_t>()[d]) << d;
      EXPECT_EQ(got[d].score, scores.data<float>()[d]) << d;
      EXPECT_TRUE(AllNear(got[d].mask, RowOf(masks, d), 1e-5)) << d;
    }
  }
}

// chainercv's mask_voting and the masks that predict() pastes from it.
TEST_P(MaskVotingParity, ChainercvsInstances) {
  const auto backend = kernels::MakeTestBackend(GetParam());
  const GoldenFile golden("chainercv/voting.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const std::string at = absl::StrCat("cv", i, "/");
    const std::vector<int> size = golden.Ints(at + "H_W_limit");
    PostprocessConfig config =
        Thresholds(golden.Get(at + "thresh_score_nms_merge_binary_f64"));
    config.set_max_detections(size[2]);
    config.set_voting_rule(PostprocessConfig::CHAINERCV);
    kernels::VoteParams params = VoteParamsOf(config);
    params.height = size[0];
    params.width = size[1];
    const auto voted = MaskVoting(
        *backend, params, RowsOfBoxes(BoxesFromYxyx(golden.Get(at + "bbox"))),
        golden.Get(at + "cls_prob"),
        kernels::MasksAmong(golden.Get(at + "seg_prob")));
    ASSERT_TRUE(voted.ok()) << voted.status();
    const std::vector<Detection>& got = *voted;
    const std::vector<Box> boxes = BoxesFromYxyx(golden.Get(at + "out_bbox"));
    const std::vector<int> labels = golden.Ints(at + "out_label");
    const std::vector<float> scores = golden.Floats(at + "out_score");
    const Tensor masks = golden.Get(at + "out_seg_prob");
    const Tensor packed = golden.Get(at + "out_mask_packed");
    ASSERT_EQ(got.size(), boxes.size());
    for (size_t d = 0; d < got.size(); ++d) {
      EXPECT_EQ(got[d].box, boxes[d]) << d;
      EXPECT_EQ(got[d].label, labels[d] + 1) << d;
      EXPECT_EQ(got[d].score, scores[d]) << d;
      EXPECT_TRUE(AllNear(got[d].mask, RowOf(masks, d), 1e-5)) << d;
      const MaskAgreement pasted =
          ComparePacked(got[d], packed, d, size[0], size[1], config);
      EXPECT_EQ(pasted.intersection, pasted.united) << d;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, MaskVotingParity,
                         ::testing::ValuesIn(kernels::BackendNames()),
                         [](const auto& info) {
                           return kernels::BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::model
