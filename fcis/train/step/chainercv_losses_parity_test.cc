// Losses against chainercv's training chain: of given outputs, with the targets
// that its creators make, and of a small network's own outputs. With the recipe
// "chainercv".
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/losses/network_losses.h"
#include "fcis/kernels/ops/psroi_pool.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/fcis_head.h"
#include "fcis/model/testing/rows.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/train/config/recipes.h"
#include "fcis/train/network/train_network.h"
#include "fcis/train/step/picture_loss.h"
#include "fcis/train/testing/golden_training.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

std::vector<MaskView> Views(const std::vector<std::vector<uint8_t>>& masks,
                            int height, int width) {
  std::vector<MaskView> views;
  for (const auto& mask : masks) views.push_back({mask.data(), height, width});
  return views;
}

template <typename Label>
Tensor AsI32(const std::vector<Label>& labels) {
  Tensor t({static_cast<int64_t>(labels.size())}, DType::kI32);
  std::copy(labels.begin(), labels.end(), t.mutable_data<int32_t>());
  return t;
}

class ChainercvLossesParity : public ::testing::TestWithParam<std::string> {
 protected:
  ChainercvLossesParity()
      : recipe_(*Recipe("chainercv")),
        backend_(kernels::MakeTestTrainBackend(GetParam())),
        terms_(*backend_->forward().AllocateMap({kernels::kNumLossTerms},
                                                DType::kF64)) {}

  Tensor Device(const Tensor& t) { return *backend_->forward().ToDevice(t); }
  Tensor Host(const Tensor& t) { return *backend_->forward().ToHost(t); }
  Tensor Like(const Tensor& t) {
    return *backend_->forward().AllocateMap(t.shape(), t.type());
  }
  void ExpectNear(const Tensor& got, const Tensor& want, double limit) {
    EXPECT_TRUE(
        AllNear(Host(got).Reshaped(want.shape()), want, limit * AbsMax(want)));
  }

  // The head's loss; scores, means and pairs of *a are given.
  void HeadLoss(const LossConfig& loss, const ProposalTargets& targets,
                kernels::HeadLossArrays* a) {
    a->targets = Device(DeltaRows(targets.deltas));
    a->labels = Device(AsI32(targets.labels));
    const int64_t size = a->pairs.dim(1);
    a->masks = Device(Tensor::FromSpan<int8_t>(
        {a->pairs.dim(0), size, size}, absl::MakeConstSpan(targets.masks)));
    a->gscores = Like(a->scores);
    a->gmeans = Like(a->means);
    a->gpairs = Like(a->pairs);
    a->own_class = Like(a->labels);
    kernels::HeadLossParams params;
    params.mask_weight = static_cast<float>(loss.fcis_mask());
    params.mask_over_all_rois = loss.mask_over_all_rois();
    ASSERT_TRUE(backend_->HeadLoss(params, a, &terms_).ok());
  }
  void ExpectCase(const GoldenFile& golden, const std::string& at);
  void ExpectRpn(const GoldenFile& golden, const std::string& at,
                 const AnchorTargets& targets);
  void ExpectHead(const GoldenFile& golden, const std::string& at,
                  const ProposalTargets& targets);

  const TrainConfig recipe_;
  std::unique_ptr<kernels::TrainBackend> backend_;
  Tensor terms_;
};

void ChainercvLossesParity::ExpectRpn(const GoldenFile& golden,
                                      const std::string& at,
                                      const AnchorTargets& targets) {
  const Tensor labels = golden.Get(at + "gt_rpn_label");
  EXPECT_TRUE(AllEqual(
      Tensor::FromSpan(labels.shape(), absl::MakeConstSpan(targets.labels)),
      labels));
  EXPECT_TRUE(
      AllNear(DeltaRows(targets.deltas), golden.Get(at + "gt_rpn_loc"), 1e-5));
  kernels::RpnLossArrays a;
  a.scores = Device(golden.Get(at + "rpn_scores"));
  a.deltas = Device(golden.Get(at + "rpn_locs"));
  a.labels = Device(AsI32(targets.labels));
  a.targets = Device(DeltaRows(targets.deltas));
  a.gscores = Like(a.scores);
  a.gdeltas = Like(a.deltas);
  ASSERT_TRUE(backend_->RpnLoss(kernels::RpnLossParams(), &a, &terms_).ok());
  ExpectNear(a.gscores, golden.Get(at + "g_rpn_scores"), 1e-5);
  ExpectNear(a.gdeltas, golden.Get(at + "g_rpn_locs"), 1e-5);
}

void ChainercvLossesParity::ExpectHead(const GoldenFile& golden,
                                       const std::string& at,
                                       const ProposalTargets& targets) {
  EXPECT_TRUE(
      AllEqual(YxyxFromBoxes(targets.rois), golden.Get(at + "sample_roi")));
  EXPECT_EQ(targets.labels, golden.Ints(at + "gt_roi_label"));
  EXPECT_TRUE(
      AllNear(DeltaRows(targets.deltas), golden.Get(at + "gt_roi_loc"), 1e-5));
  const Tensor masks = golden.Get(at + "gt_roi_mask");
  EXPECT_TRUE(AllEqual(
      Tensor::FromSpan(masks.shape(), absl::MakeConstSpan(targets.masks)),
      masks));
  kernels::HeadLossArrays a;
  a.scores = Device(golden.Get(at + "roi_cls_scores"));
  const Tensor locs = golden.Get(at + "roi_locs");
  a.means = Device(locs.Reshaped({locs.dim(0), 8}));
  a.pairs = Device(NchwToNhwc(golden.Get(at + "roi_seg_scores")));
  HeadLoss(recipe_.loss(), targets, &a);
  ExpectNear(a.gscores, golden.Get(at + "g_roi_cls_scores"), 1e-5);
  ExpectNear(a.gmeans, golden.Get(at + "g_roi_locs"), 1e-5);
  const Tensor want = golden.Get(at + "g_roi_seg_scores");
  EXPECT_TRUE(AllNear(NhwcToNchw(Host(a.gpairs)), want, 1e-5 * AbsMax(want)));
}

void ChainercvLossesParity::ExpectCase(const GoldenFile& golden,
                                       const std::string& at) {
  TrainConfig recipe = recipe_;
  ModelConfig model = *ModelOf(recipe);
  const std::vector<int> sizes = golden.Ints(at + "n_sample_mask_size");
  recipe.mutable_loss()->set_roi_samples(sizes[0]);
  model.mutable_head()->set_roi_size(sizes[1]);
  recipe.mutable_loss()->set_foreground_share(golden.Float(at + "pos_ratio"));
  recipe.mutable_loss()->set_anchor_samples(golden.Int(at + "anchor_n_sample"));
  const std::vector<int> size = golden.Ints(at + "h_w");
  const auto masks =
      UnpackMasks(golden.Get(at + "mask_packed"), int64_t{size[0]} * size[1]);
  std::vector<int> labels = golden.Ints(at + "label");
  for (int& label : labels) ++label;
  const std::vector<Box> boxes = BoxesFromYxyx(golden.Get(at + "bbox"));
  Sampler sampler(golden.Int(at + "choice_seed"));
  ASSERT_TRUE(recipe.loss().rois_first());
  const ProposalTargets rois = MakeProposalTargets(
      BoxesFromYxyx(golden.Get(at + "rois")), boxes, labels,
      Views(masks, size[0], size[1]), model, recipe, &sampler);
  const AnchorTargets anchors =
      MakeAnchorTargets(BoxesFromYxyx(golden.Get(at + "anchor")), boxes,
                        size[0], size[1], recipe, &sampler);
  ExpectRpn(golden, at, anchors);
  ExpectHead(golden, at, rois);

  const Tensor terms = Host(terms_);
  const LossTerms got =
      TermsOf(recipe.loss(), 1, PictureTerms(), terms.data<double>());
  const std::map<std::string, double> by_name = {
      {"rpn_loc_loss", got[kernels::kRpnLocTerm]},
      {"rpn_cls_loss", got[kernels::kRpnClsTerm]},
      {"roi_loc_loss", got[kernels::kFcisLocTerm]},
      {"roi_cls_loss", got[kernels::kFcisClsTerm]},
      {"roi_mask_loss", got[kernels::kFcisMaskTerm]},
      {"loss", got.sum()}};
  const std::vector<std::string> names = golden.Lines("loss_names");
  const std::vector<float> want = golden.Floats(at + "losses");
  ASSERT_EQ(names.size(), by_name.size());
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_NEAR(by_name.at(names[i]), want[i], 1e-5 * std::abs(want[i]))
        << names[i];
  }
}

TEST_P(ChainercvLossesParity, OfGivenOutputs) {
  const GoldenFile golden("chainercv/losses.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    ExpectCase(golden, absl::StrCat("loss", i, "/"));
  }
}

// One picture of [1,h,w,C].
Tensor OnePicture(const Tensor& t) {
  return t.Reshaped({t.dim(1), t.dim(2), t.dim(3)});
}

// What the network says, and the gradients of the loss in it.
TEST_P(ChainercvLossesParity, OfASmallNetwork) {
  const GoldenFile golden("chainercv/train_small.npz");
  const ChainercvTraining training = ReadChainercvTraining(golden);
  const auto network = *TrainNetwork::Create(
      model::DeterministicWeights(training.config, golden.Int("weight_seed")),
      TrainConfig(), backend_.get());
  const auto outputs = network->Forward(training.sample.prepared);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const auto like = [&](const Tensor& t) {
    return *backend_->forward().AllocateMap(t.shape(), DType::kF32);
  };
  TrainNetwork::Gradients gradients = {
      like((*outputs)[model::kRpnScores]), like((*outputs)[model::kRpnDeltas]),
      like((*outputs)[model::kScoreMaps]), like((*outputs)[model::kBoxMaps])};
  Sampler sampler(golden.Int("choice_seed"));
  PictureTargets targets;
  ASSERT_TRUE(PictureLoss(training.config, training.recipe, training.sample,
                          {&*outputs, &gradients, 0}, 1, backend_.get(),
                          &sampler, &terms_, &targets)
                  .ok());
  const auto step = [&](const char* name) {
    return golden.Get(absl::StrCat("step0/", name));
  };
  ExpectNear((*outputs)[model::kRpnScores], step("rpn_scores"), 2e-5);
  ExpectNear((*outputs)[model::kRpnDeltas], step("rpn_locs"), 2e-5);
  ExpectNear(gradients[model::kRpnScores], step("g_rpn_scores"), 5e-4);
  ExpectNear(gradients[model::kRpnDeltas], step("g_rpn_locs"), 5e-4);

  kernels::Backend& forward = backend_->forward();
  const kernels::PsroiParams pool =
      model::PsroiParamsOf(training.config.head());
  const Tensor score_maps = OnePicture((*outputs)[model::kScoreMaps]);
  const Tensor rois = Device(RowsOfBoxes(targets.rois.rois));
  kernels::HeadLossArrays a;
  a.scores = *kernels::ops::Psroi(forward, kernels::PsroiForm::kClassScores,
                                  pool, score_maps, rois);
  a.means = *kernels::ops::Psroi(forward, kernels::PsroiForm::kMean, pool,
                                 OnePicture((*outputs)[model::kBoxMaps]), rois);
  a.pairs = *kernels::ops::Psroi(forward, kernels::PsroiForm::kClassPair, pool,
                                 score_maps, rois,
                                 Device(AsI32(targets.rois.labels)));
  HeadLoss(training.recipe.loss(), targets.rois, &a);
  ExpectNear(a.scores, step("roi_cls_scores"), 2e-5);
  ExpectNear(a.means, step("roi_locs"), 2e-5);
  ExpectNear(a.gscores, step("g_roi_cls_scores"), 5e-4);
  ExpectNear(a.gmeans, step("g_roi_locs"), 5e-4);
  const Tensor gpairs = NhwcToNchw(Host(a.gpairs));
  const Tensor three = step("g_roi_seg_scores_3");
  EXPECT_TRUE(AllNear(model::SelectRows(gpairs, {0, 1, 2}), three,
                      5e-4 * AbsMax(three)));
  double squares = 0;
  for (const double v : gpairs.span<float>()) squares += v * v;
  const double norm = golden.Double("step0/g_roi_seg_scores_l2_f64");
  EXPECT_NEAR(std::sqrt(squares), norm, 5e-4 * norm);
}

INSTANTIATE_TEST_SUITE_P(Backends, ChainercvLossesParity,
                         ::testing::ValuesIn(kernels::TrainBackendNames()),
                         [](const auto& info) {
                           return kernels::BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::train
