// Mask aggregation and voting against the reference.
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
#include "fcis/model/mask_voting.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

class Case {
 public:
  Case(const GoldenFile& golden, int index) : golden_(golden), index_(index) {}

  Tensor Get(const char* name) const {
    return golden_.Get(absl::StrCat("mv", index_, "/", name));
  }

  std::vector<Box> Boxes() const { return BoxesFromYxyx(Get("rois")); }

  RoiPredictions Predictions() const {
    RoiPredictions p;
    p.boxes = RowsOfBoxes(Boxes());
    p.mask_probs = Get("mask_probs");
    p.class_probs = Get("cls_probs");
    const Tensor size = Get("H_W_nclass_max");
    p.height = size.data<int32_t>()[0];
    p.width = size.data<int32_t>()[1];
    EXPECT_EQ(p.class_probs.dim(1), size.data<int32_t>()[2]);
    return p;
  }

  PostprocessConfig Config() const {
    const Tensor thresholds = Get("thresh_score_nms_merge_binary_f64");
    const double* t = thresholds.data<double>();
    PostprocessConfig config;
    config.set_score_thresh(t[0]);
    config.set_nms_thresh(t[1]);
    config.set_mask_merge_thresh(t[2]);
    config.set_binary_thresh(t[3]);
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
    std::vector<MaskVote> votes;
    for (int64_t v = 0; v < rois.num_elements(); ++v) {
      votes.push_back({rois.data<int32_t>()[v], weights.data<float>()[v]});
    }
    const RoiPredictions p = c.Predictions();
    const auto got = AggregateMasks<double>(c.Boxes(), p.mask_probs, votes,
                                            c.Config().binary_thresh());
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
  const auto backend = MakeTestBackend(GetParam());
  const GoldenFile golden("mask_voting.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const Case c(golden, i);
    const auto voted = MaskVoting(*backend, c.Predictions(), c.Config());
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

INSTANTIATE_TEST_SUITE_P(Backends, MaskVotingParity,
                         ::testing::ValuesIn(BackendNames()),
                         [](const auto& info) {
                           return BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis
