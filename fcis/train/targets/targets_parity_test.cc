// Sampler, anchor targets, proposal targets and mask targets against the
// references.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/geometry/anchors.h"
#include "fcis/core/geometry/box.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/train/targets/anchor_targets.h"
#include "fcis/train/targets/mask_target.h"
#include "fcis/train/targets/proposal_targets.h"
#include "fcis/train/targets/sampler.h"
#include "fcis/train/testing/golden_training.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

template <typename T>
std::vector<int> AsInts(const std::vector<T>& values) {
  return {values.begin(), values.end()};
}

Tensor IoUs(const std::vector<Box>& a, const std::vector<Box>& b) {
  Tensor t(
      Shape{static_cast<int64_t>(a.size()), static_cast<int64_t>(b.size())});
  float* v = t.mutable_data<float>();
  for (const Box& x : a) {
    for (const Box& y : b) *v++ = IoU(x, y);
  }
  return t;
}

TEST(SamplerParity, ConsecutiveCalls) {
  const GoldenFile golden("choice.npz");
  Sampler sampler(golden.Int("seed"));
  int calls = 0;
  for (; golden.Has(absl::StrCat("cand_", calls)); ++calls) {
    EXPECT_EQ(sampler.Choose(golden.Ints(absl::StrCat("cand_", calls)),
                             golden.Int(absl::StrCat("size_", calls))),
              golden.Ints(absl::StrCat("chosen_", calls)));
  }
  EXPECT_GT(calls, 0);
}

// Of masks [size][size]; the rest is the reference's.
ModelConfig Model(int size) {
  ModelConfig model;
  model.mutable_head()->set_roi_size(size);
  for (const float std : {.2f, .2f, .5f, .5f}) {
    model.mutable_head()->add_loc_std(std);
  }
  return model;
}

TEST(AnchorTargetsParity, LabelsDeltasAndCalls) {
  const GoldenFile golden("anchor_targets.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const auto name = [i](absl::string_view s) {
      return absl::StrCat("at", i, "/", s);
    };
    const std::vector<Box> anchors = BoxesFromYxyx(golden.Get(name("anchor")));
    const std::vector<Box> gt = BoxesFromYxyx(golden.Get(name("bbox")));
    const std::vector<int> size = golden.Ints(name("img_size"));
    TrainConfig recipe;
    recipe.mutable_loss()->set_anchor_samples(golden.Int(name("n_sample")));
    Sampler sampler(golden.Int(name("choice_seed")));
    const AnchorTargets got =
        MakeAnchorTargets(anchors, gt, size[0], size[1], recipe, &sampler);
    EXPECT_EQ(AsInts(got.labels), golden.Ints(name("label")));
    EXPECT_TRUE(AllNear(DeltaRows(got.deltas), golden.Get(name("loc")), 1e-5));
    EXPECT_TRUE(AllNear(IoUs(anchors, gt), golden.Get(name("iou")), 1e-6));
    // The recorded calls, replayed.
    const int calls = golden.Int(name("n_choice"));
    EXPECT_EQ(static_cast<int>(sampler.calls()), calls);
    Sampler again(golden.Int(name("choice_seed")));
    for (int c = 0; c < calls; ++c) {
      const std::vector<int> disabled =
          golden.Ints(name(absl::StrCat("choice", c, "_disabled")));
      EXPECT_EQ(again.Choose(
                    golden.Ints(name(absl::StrCat("choice", c, "_candidates"))),
                    disabled.size()),
                disabled);
    }
  }
}

// The recorded calls at `at`, replayed by a sampler of that seed.
void ExpectCalls(const GoldenFile& golden, const std::string& at,
                 const char* chosen, const Sampler& used) {
  const int calls = golden.Int(at + "n_choice");
  EXPECT_EQ(static_cast<int>(used.calls()), calls);
  Sampler again(golden.Int(at + "choice_seed"));
  for (int c = 0; c < calls; ++c) {
    const std::string call = absl::StrCat(at, "choice", c, "_");
    const std::vector<int> want = golden.Ints(call + chosen);
    EXPECT_EQ(again.Choose(golden.Ints(call + "candidates"), want.size()),
              want);
  }
}

TEST(AnchorTargetsParity, Chainercvs) {
  const GoldenFile golden("chainercv/targets.npz");
  const int cases = golden.Int("n_anchor_targets");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const std::string at = absl::StrCat("at", i, "/");
    const std::vector<int> size = golden.Ints(at + "h_w");
    const std::vector<int> map = golden.Ints(at + "hh_ww");
    const auto anchors = ShiftedAnchors(
        AnchorBase(16, {0.5f, 1.0f, 2.0f}, golden.Floats(at + "anchor_scales")),
        16, map[0], map[1]);
    TrainConfig recipe;
    recipe.mutable_loss()->set_anchor_samples(golden.Int(at + "n_sample"));
    Sampler sampler(golden.Int(at + "choice_seed"));
    const AnchorTargets got =
        MakeAnchorTargets(anchors, BoxesFromYxyx(golden.Get(at + "bbox")),
                          size[0], size[1], recipe, &sampler);
    const Tensor labels = golden.Get(at + "label");
    EXPECT_TRUE(AllEqual(
        Tensor::FromSpan(labels.shape(), absl::MakeConstSpan(got.labels)),
        labels));
    EXPECT_TRUE(AllNear(DeltaRows(got.deltas), golden.Get(at + "loc"), 1e-5));
    ExpectCalls(golden, at, "disabled", sampler);
  }
}

// Masks are sixteenths: resized bilinearly, and not thresholded.
TEST(ProposalTargetsParity, Chainercvs) {
  const GoldenFile golden("chainercv/targets.npz");
  const int cases = golden.Int("n_proposal_targets");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const std::string at = absl::StrCat("pt", i, "/");
    const Tensor sixteenths = golden.Get(at + "mask16");
    const int height = static_cast<int>(sixteenths.dim(1));
    const int width = static_cast<int>(sixteenths.dim(2));
    std::vector<float> values;
    for (const uint8_t v : sixteenths.span<uint8_t>()) {
      values.push_back(v / 16.0f);
    }
    std::vector<MaskView> views;
    for (int64_t m = 0; m < sixteenths.dim(0); ++m) {
      views.push_back(
          {nullptr, height, width, values.data() + m * height * width});
    }
    std::vector<int> labels = golden.Ints(at + "label");
    for (int& label : labels) ++label;
    const std::vector<int> sizes = golden.Ints(at + "n_sample_mask_size");
    TrainConfig recipe;
    LossConfig& loss = *recipe.mutable_loss();
    loss.set_roi_samples(sizes[0]);
    loss.set_background_iou_low(golden.Float(at + "neg_iou_thresh_lo"));
    loss.set_whole_masks(true);
    Sampler sampler(golden.Int(at + "choice_seed"));
    const ProposalTargets got =
        MakeProposalTargets(BoxesFromYxyx(golden.Get(at + "roi")),
                            BoxesFromYxyx(golden.Get(at + "bbox")), labels,
                            views, Model(sizes[1]), recipe, &sampler);
    EXPECT_TRUE(
        AllEqual(YxyxFromBoxes(got.rois), golden.Get(at + "sample_roi")));
    EXPECT_EQ(got.labels, golden.Ints(at + "gt_roi_label"));
    EXPECT_TRUE(
        AllNear(DeltaRows(got.deltas), golden.Get(at + "gt_roi_loc"), 1e-5));
    const Tensor masks = golden.Get(at + "gt_roi_mask");
    EXPECT_TRUE(AllEqual(
        Tensor::FromSpan(masks.shape(), absl::MakeConstSpan(got.masks)),
        masks));
    ExpectCalls(golden, at, "chosen", sampler);
  }
}

TEST(AnchorTargets, NothingToLearnFromIsIgnored) {
  Sampler sampler(1);
  const AnchorTargets none =
      MakeAnchorTargets({{0, 0, 4, 4}}, {}, 8, 8, {}, &sampler);
  EXPECT_EQ(none.labels, std::vector<int8_t>{-1});
  const AnchorTargets outside =
      MakeAnchorTargets({{-1, 0, 4, 4}}, {{0, 0, 4, 4}}, 8, 8, {}, &sampler);
  EXPECT_EQ(outside.labels, std::vector<int8_t>{-1});
  EXPECT_EQ(sampler.calls(), 0u);
}

TEST(AnchorTargets, EmptyPicturesAreBackgroundWhenAsked) {
  TrainConfig recipe;
  recipe.mutable_data()->set_empty_pictures(true);
  recipe.mutable_loss()->set_anchor_samples(2);
  Sampler sampler(1);
  const AnchorTargets got = MakeAnchorTargets(
      {{0, 0, 4, 4}, {-1, 0, 4, 4}, {1, 1, 5, 5}, {2, 2, 8, 8}}, {}, 8, 8,
      recipe, &sampler);
  EXPECT_EQ(got.labels[1], -1);  // not inside
  int background = 0;
  for (const int8_t label : got.labels) background += label == 0;
  EXPECT_EQ(background, 2);
  EXPECT_EQ(AbsMax(DeltaRows(got.deltas)), 0);
}

TEST(AnchorTargets, IgnoredAnchorsAreNoBackground) {
  std::vector<uint8_t> mask(8 * 8);
  for (size_t i = 0; i < 4 * 8; ++i) mask[i] = 1;  // the upper half
  const IgnoredArea ignored({mask.data(), 8, 8});
  Sampler sampler(1);
  // An object, ignored or not; background in the ignored half; one of which a
  // quarter lies there; and one of which half does.
  const AnchorTargets got = MakeAnchorTargets(
      {{0, 0, 3, 3}, {5, 0, 8, 3}, {4, 3, 8, 7}, {3, 3, 8, 5}}, {{0, 0, 3, 3}},
      8, 8, {}, &sampler, ignored);
  EXPECT_EQ(got.labels, (std::vector<int8_t>{1, -1, 0, -1}));
}

TEST(ProposalTargetsParity, RoisLabelsDeltasAndMasks) {
  const GoldenFile golden("proposal_targets.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const auto name = [i](absl::string_view s) {
      return absl::StrCat("pt", i, "/", s);
    };
    std::vector<Box> rois = BoxesFromYxyx(golden.Get(name("rois")));
    const std::vector<Box> gt = BoxesFromYxyx(golden.Get(name("bbox")));
    const Tensor masks = golden.Get(name("whole_mask"));
    std::vector<MaskView> views;
    const int height = masks.dim(1);
    const int width = masks.dim(2);
    for (int64_t m = 0; m < masks.dim(0); ++m) {
      views.push_back(
          {masks.data<uint8_t>() + m * height * width, height, width});
    }
    TrainConfig recipe;
    LossConfig& loss = *recipe.mutable_loss();
    loss.set_roi_samples(golden.Int(name("n_sample")));
    loss.set_background_iou_low(golden.Float(name("bg_iou_thresh_lo")));
    Sampler sampler(golden.Int(name("choice_seed")));
    const ProposalTargets got = MakeProposalTargets(
        rois, gt, golden.Ints(name("label")), views,
        Model(golden.Int(name("mask_size"))), recipe, &sampler);
    EXPECT_TRUE(
        AllEqual(YxyxFromBoxes(got.rois), golden.Get(name("sample_rois"))));
    EXPECT_EQ(got.labels, golden.Ints(name("gt_roi_labels")));
    EXPECT_TRUE(
        AllNear(DeltaRows(got.deltas), golden.Get(name("gt_roi_locs")), 1e-5));
    EXPECT_EQ(AsInts(got.masks), golden.Ints(name("gt_roi_masks")));

    rois.insert(rois.end(), gt.begin(), gt.end());
    EXPECT_TRUE(AllNear(IoUs(rois, gt), golden.Get(name("iou")), 1e-6));
    const int calls = golden.Int(name("n_choice"));
    EXPECT_EQ(static_cast<int>(sampler.calls()), calls);
    Sampler again(golden.Int(name("choice_seed")));
    for (int c = 0; c < calls; ++c) {
      const std::vector<int> chosen =
          golden.Ints(name(absl::StrCat("choice", c, "_chosen")));
      EXPECT_EQ(again.Choose(
                    golden.Ints(name(absl::StrCat("choice", c, "_candidates"))),
                    chosen.size()),
                chosen);
    }
  }
}

TEST(ProposalTargets, NoGroundTruthNoRois) {
  Sampler sampler(1);
  EXPECT_TRUE(
      MakeProposalTargets({{0, 0, 4, 4}}, {}, {}, {}, Model(2), {}, &sampler)
          .rois.empty());
}

TEST(ProposalTargets, EmptyPicturesAreBackgroundWhenAsked) {
  TrainConfig recipe;
  recipe.mutable_data()->set_empty_pictures(true);
  LossConfig& loss = *recipe.mutable_loss();
  loss.set_background_iou_low(.1);  // of pictures with objects
  loss.set_roi_samples(2);
  Sampler sampler(1);
  const ProposalTargets got =
      MakeProposalTargets({{0, 0, 4, 4}, {0, 0, 5, 5}, {0, 0, 6, 6}}, {}, {},
                          {}, Model(2), recipe, &sampler);
  EXPECT_EQ(got.labels, (std::vector<int>{0, 0}));
  EXPECT_EQ(got.masks, std::vector<int8_t>(8, -1));
  EXPECT_EQ(AbsMax(DeltaRows(got.deltas)), 0);
}

TEST(ProposalTargets, IgnoredRoisAreNoBackground) {
  std::vector<uint8_t> mask(8 * 8);
  for (size_t i = 0; i < 4 * 8; ++i) mask[i] = 1;  // the upper half
  const IgnoredArea ignored({mask.data(), 8, 8});
  TrainConfig recipe;
  recipe.mutable_loss()->set_ohem_rois(1);  // Nothing is sampled.
  const MaskView whole = {mask.data(), 8, 8};
  Sampler sampler(1);
  const ProposalTargets got = MakeProposalTargets(
      {{5, 0, 8, 3}, {5, 5, 8, 8}, {0, 0, 4, 3}}, {{0, 0, 4, 4}}, {7}, {whole},
      Model(2), recipe, &sampler, ignored);
  // The object's own RoIs are foreground wherever they are.
  EXPECT_EQ(got.rois,
            (std::vector<Box>{{5, 5, 8, 8}, {0, 0, 4, 3}, {0, 0, 4, 4}}));
  EXPECT_EQ(got.labels, (std::vector<int>{0, 7, 7}));
}

TEST(CropMaskParity, EveryOverlap) {
  const GoldenFile golden("mask_resize.npz");
  const Tensor mask = golden.Get("ibm/gt_mask");
  const MaskView view = {mask.data<uint8_t>(), static_cast<int>(mask.dim(0)),
                         static_cast<int>(mask.dim(1))};
  const std::vector<int> r = golden.Ints("ibm/roi");
  const PixelBox roi = {r[1], r[0], r[3], r[2]};
  const std::vector<int> boxes = golden.Ints("ibm/gt");
  ASSERT_FALSE(boxes.empty());
  for (size_t i = 0; i < boxes.size() / 4; ++i) {
    const int* b = &boxes[4 * i];
    const std::vector<float> got =
        CropMask(view, {b[1], b[0], b[3], b[2]}, roi);
    const Tensor want = golden.Get(absl::StrCat("ibm/out", i));
    if (want.num_elements() == static_cast<int64_t>(got.size())) {
      EXPECT_TRUE(AllEqual(Tensor::FromSpan<float>(want.shape(), got), want))
          << i;
    } else {
      // For disjoint boxes the reference returns zeros of the target's size;
      // resized to that size ours are the same.
      EXPECT_EQ(AbsMax(want), 0) << i;
      EXPECT_EQ(AbsMax(Tensor::FromSpan<float>(
                    {static_cast<int64_t>(got.size())}, got)),
                0)
          << i;
    }
  }
}

TEST(MaskTarget, RoiWithoutPixels) {
  const uint8_t bit = 1;
  EXPECT_EQ(MakeMaskTarget({&bit, 1, 1}, {0, 0, 1, 1}, {3, 3, 3, 9}, 2, 0.4f),
            std::vector<int8_t>(4, 0));
}

}  // namespace
}  // namespace fcis::train
