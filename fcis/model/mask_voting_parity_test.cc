// Mask voting against the reference.
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/model/mask_voting.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

class Case {
 public:
  Case(const GoldenFile& golden, int index) : golden_(golden), index_(index) {}

  std::string Name(const char* s) const {
    return absl::StrCat("mv", index_, s);
  }
  Tensor Get(const char* s) const { return golden_.Get(Name(s)); }

  RoiPredictions Predictions() const {
    RoiPredictions p;
    const Tensor rois = Get("/rois");
    for (int64_t i = 0; i < rois.dim(0); ++i) {
      const float* v = rois.data<float>() + 4 * i;
      p.boxes.push_back({v[1], v[0], v[3], v[2]});
    }
    p.mask_probs = Get("/mask_probs");
    p.class_probs = Get("/cls_probs");
    const std::vector<int> sizes = golden_.Ints(Name("/H_W_nclass_max"));
    p.height = sizes[0];
    p.width = sizes[1];
    EXPECT_EQ(sizes[2], p.class_probs.dim(1));
    return p;
  }

  PostprocessConfig Config() const {
    const Tensor t = Get("/thresh_score_nms_merge_binary_f64");
    PostprocessConfig config;
    config.set_score_thresh(t.data<double>()[0]);
    config.set_nms_thresh(t.data<double>()[1]);
    config.set_mask_merge_thresh(t.data<double>()[2]);
    config.set_binary_thresh(t.data<double>()[3]);
    config.set_max_detections(golden_.Ints(Name("/H_W_nclass_max"))[3]);
    return config;
  }

 private:
  const GoldenFile& golden_;
  int index_;
};

TEST(MaskVoting, IsTheReferences) {
  const GoldenFile golden("mask_voting.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const Case c(golden, i);
    const std::vector<Detection> got = MaskVoting(c.Predictions(), c.Config());
    const Tensor boxes = c.Get("/out_bboxes");
    const Tensor masks = c.Get("/out_masks");
    const std::vector<int> labels = golden.Ints(c.Name("/out_labels"));
    const std::vector<float> scores = golden.Floats(c.Name("/out_scores"));
    ASSERT_EQ(got.size(), labels.size());
    for (size_t d = 0; d < got.size(); ++d) {
      const float* b = boxes.data<float>() + 4 * d;
      EXPECT_EQ(got[d].label, labels[d]);
      EXPECT_EQ(got[d].score, scores[d]);
      EXPECT_EQ(got[d].box, (Box{b[1], b[0], b[3], b[2]})) << d;
      const int64_t cells = got[d].mask.num_elements();
      EXPECT_TRUE(AllNear(got[d].mask,
                          Tensor::FromSpan<float>(
                              got[d].mask.shape(),
                              masks.span<float>().subspan(d * cells, cells)),
                          1e-5));
    }
  }
}

TEST(AggregateMasks, IsTheReferences) {
  const GoldenFile golden("mask_voting.npz");
  const int cases = golden.Int("n_cases");
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const Case c(golden, i);
    const auto voted =
        AggregateMasks(c.Predictions(), golden.Ints(c.Name("/agg_idx")),
                       golden.Floats(c.Name("/agg_weights")), c.Config());
    ASSERT_TRUE(voted.has_value());
    const std::vector<float> b = golden.Floats(c.Name("/agg_bbox"));
    EXPECT_EQ(voted->box, (Box{b[1], b[0], b[3], b[2]}));
    const Tensor want = c.Get("/agg_mask_f64");
    ASSERT_EQ(static_cast<int64_t>(voted->sum.size()), want.num_elements());
    EXPECT_TRUE(AllNear(Tensor::FromSpan<double>(want.shape(), voted->sum),
                        want, 1e-6));
  }
}

}  // namespace
}  // namespace fcis
