// Anchors, box deltas, IoU, proposals and NMS against the reference.
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/geometry/box_coder.h"
#include "fcis/core/geometry/nms.h"
#include "fcis/core/geometry/proposals.h"
#include "fcis/core/geometry/score_order.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

std::vector<BoxDelta> Deltas(const Tensor& t) {
  std::vector<BoxDelta> deltas(t.dim(0));
  const float* v = t.data<float>();
  for (BoxDelta& d : deltas) {
    d = {v[0], v[1], v[2], v[3]};
    v += 4;
  }
  return deltas;
}

TEST(Anchors, BaseAndShifted) {
  const GoldenFile golden("anchors.npz");
  const int sets = golden.Int("n_sets");
  ASSERT_GT(sets, 0);
  for (int i = 0; i < sets; ++i) {
    const auto name = [i](const char* s) { return absl::StrCat("set", i, s); };
    const auto base = AnchorBase(16, golden.Floats(name("/ratios")),
                                 golden.Floats(name("/scales")));
    EXPECT_TRUE(AllNear(YxyxFromBoxes(base), golden.Get(name("/base")), 1e-4));
    const std::vector<int> size = golden.Ints(name("/hh_ww"));
    EXPECT_TRUE(
        AllNear(YxyxFromBoxes(ShiftedAnchors(base, 16, size[0], size[1])),
                golden.Get(name("/anchor")), 1e-4));
  }
}

TEST(BoxCoder, DecodesRelativeToTheBoxSize) {
  const GoldenFile golden("anchors.npz");
  const std::vector<Box> src = BoxesFromYxyx(golden.Get("src"));
  const std::vector<BoxDelta> loc = Deltas(golden.Get("loc"));
  const std::vector<Box> want = BoxesFromYxyx(golden.Get("loc2bbox"));
  ASSERT_FALSE(src.empty());
  for (size_t i = 0; i < src.size(); ++i) {
    const Box got = DecodeBox(src[i], loc[i]);
    // A coordinate's error grows with the box and with the coordinate itself.
    const float size = std::max({std::abs(want[i].x0), std::abs(want[i].x1),
                                 std::abs(want[i].y0), std::abs(want[i].y1),
                                 want[i].width(), want[i].height(), 1.0f});
    EXPECT_TRUE(
        AllNear(YxyxFromBoxes({got}), YxyxFromBoxes({want[i]}), 2e-6 * size))
        << i;
  }
}

TEST(BoxCoder, Encodes) {
  const GoldenFile golden("anchors.npz");
  const std::vector<Box> src = BoxesFromYxyx(golden.Get("src"));
  const std::vector<Box> dst = BoxesFromYxyx(golden.Get("dst"));
  const std::vector<float> want = golden.Floats("bbox2loc");
  for (size_t i = 0; i < src.size(); ++i) {
    const BoxDelta d = EncodeBox(src[i], dst[i]);
    const float got[] = {d.dy, d.dx, d.dh, d.dw};
    for (int k = 0; k < 4; ++k) {
      const float w = want[4 * i + k];
      // Rows 0 and 1 divide by FLT_EPSILON.
      const double limit = (i < 2 ? 1e-5 : 1e-6) * std::abs(w) + 1e-6;
      if (got[k] == w) continue;  // also -inf
      EXPECT_NEAR(got[k], w, limit) << i << "," << k;
    }
  }
}

TEST(IoU, Matrix) {
  const GoldenFile golden("anchors.npz");
  const std::vector<Box> src = BoxesFromYxyx(golden.Get("src"));
  const std::vector<Box> dst = BoxesFromYxyx(golden.Get("dst"));
  const Tensor want = golden.Get("iou_src_dst");
  Tensor got(want.shape());
  float* v = got.mutable_data<float>();
  for (const Box& a : src) {
    for (const Box& b : dst) *v++ = IoU(a, b);
  }
  EXPECT_TRUE(AllNear(got, want, 1e-6));
}

TEST(Proposals, EveryStep) {
  const GoldenFile golden("proposals.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const auto name = [i](const char* s) { return absl::StrCat("prop", i, s); };
    const std::vector<Box> anchors = BoxesFromYxyx(golden.Get(name("/anchor")));
    const std::vector<BoxDelta> deltas = Deltas(golden.Get(name("/loc")));
    const std::vector<float> scores = golden.Floats(name("/score"));
    const std::vector<int> size = golden.Ints(name("/img_size"));
    const std::vector<int> counts = golden.Ints(name("/pre_post_minsize"));
    ProposalParams params;
    params.pre_nms = counts[0];
    params.post_nms = counts[1];
    params.nms_thresh = golden.Float(name("/nms_thresh"));
    params.min_side =
        static_cast<float>(counts[2] * golden.Double(name("/scale_f64")));

    std::vector<Box> decoded;
    for (size_t a = 0; a < anchors.size(); ++a) {
      decoded.push_back(DecodeBox(anchors[a], deltas[a]));
    }
    EXPECT_TRUE(
        AllNear(YxyxFromBoxes(decoded), golden.Get(name("/decoded")), 1e-3));
    const auto clipped = DecodeProposals(anchors, deltas, size[1], size[0]);
    EXPECT_TRUE(
        AllNear(YxyxFromBoxes(clipped), golden.Get(name("/clipped")), 1e-3));

    EXPECT_THAT(KeepLargeBoxes(clipped, params.min_side),
                ::testing::ElementsAreArray(golden.Ints(name("/kept"))));
    EXPECT_THAT(RankProposals(clipped, scores, params),
                ::testing::ElementsAreArray(golden.Ints(name("/order"))));
    const auto selected = SelectProposals(clipped, scores, params);
    EXPECT_THAT(selected, ::testing::ElementsAreArray(
                              golden.Ints(name("/final_anchor"))));
    std::vector<Box> rois;
    for (const int a : selected) rois.push_back(clipped[a]);
    EXPECT_TRUE(AllNear(YxyxFromBoxes(rois), golden.Get(name("/rois")), 1e-3));
  }
}

// chainercv's predict() drops by the ratio of the widths.
TEST(Proposals, ChainercvsRois) {
  const GoldenFile golden("chainercv/proposals.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const auto name = [i](const char* s) { return absl::StrCat("rpn", i, s); };
    const std::vector<int> map = golden.Ints(name("/hh_ww"));
    const std::vector<int> size = golden.Ints(name("/h_w"));
    const std::vector<int> original = golden.Ints(name("/orig_H_W"));
    const double scale = golden.Double(name("/scale_f64"));
    EXPECT_EQ(scale, static_cast<double>(size[1]) / original[1]);
    const auto anchors =
        ShiftedAnchors(AnchorBase(16, {0.5f, 1.0f, 2.0f},
                                  golden.Floats(name("/anchor_scales"))),
                       16, map[0], map[1]);
    const std::vector<int> counts = golden.Ints(name("/pre_post_minsize"));
    ProposalParams params;
    params.pre_nms = counts[0];
    params.post_nms = counts[1];
    params.nms_thresh = 0.7f;
    params.min_side = static_cast<float>(counts[2] * scale);
    const auto clipped = DecodeProposals(
        anchors, Deltas(golden.Get(name("/loc"))), size[1], size[0]);
    std::vector<Box> rois;
    for (const int a :
         SelectProposals(clipped, golden.Floats(name("/score")), params)) {
      rois.push_back(clipped[a]);
    }
    EXPECT_TRUE(AllNear(YxyxFromBoxes(rois), golden.Get(name("/rois")), 1e-3));
  }
}

TEST(Nms, TiesThresholdsAndEmptyBoxes) {
  const GoldenFile golden("nms.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const auto name = [i](const char* s) { return absl::StrCat("nms", i, s); };
    const std::vector<Box> boxes = BoxesFromYxyx(golden.Get(name("/bbox")));
    RecycledVector<int> order(boxes.size());
    if (golden.Int(name("/has_score"))) {
      order = OrderByScore(golden.Floats(name("/score")));
    } else {
      for (size_t k = 0; k < order.size(); ++k) order[k] = k;
    }
    const float thresh = static_cast<float>(golden.Double(name("/thresh_f64")));
    EXPECT_THAT(Nms(boxes, order, thresh, golden.Int(name("/limit"))),
                ::testing::ElementsAreArray(golden.Ints(name("/keep"))));
  }
}

}  // namespace
}  // namespace fcis
