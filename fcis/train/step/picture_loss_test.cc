// OHEM and the mask term's normalisation; train_parity_test checks the
// reference's loss.
#include "fcis/train/step/picture_loss.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "fcis/core/config/presets.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/train/train_backend_factory.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

constexpr int kHeight = 128, kWidth = 160, kStride = 16;

// The network's outputs are random maps: of a network nothing is needed.
class PictureLossTest : public ::testing::Test {
 protected:
  PictureLossTest()
      : backend_(*kernels::MakeTrainBackend("ref", kernels::Precision::kF32)),
        config_(*Preset("parity_small")) {
    const int64_t h = kHeight / kStride, w = kWidth / kStride;
    const int64_t anchors =
        config_.rpn().scales_size() * config_.rpn().ratios_size();
    const int64_t bins =
        config_.head().group_size() * config_.head().group_size();
    outputs_[model::kRpnScores] =
        kernels::RandomTensor("scores", {1, h, w, 2 * anchors});
    outputs_[model::kRpnDeltas] =
        kernels::RandomTensor("deltas", {1, h, w, 4 * anchors});
    for (float& v : outputs_[model::kRpnDeltas].mutable_span<float>())
      v *= 0.1f;
    outputs_[model::kScoreMaps] = kernels::RandomTensor(
        "score maps", {1, h, w, bins * 2 * (config_.classes_size() + 1)});
    outputs_[model::kBoxMaps] =
        kernels::RandomTensor("box maps", {1, h, w, bins * 2 * 4});
    sample_.prepared = Tensor(Shape{1, kHeight, kWidth, 3});
    sample_.scale = 1;
    AddObject({20, 16, 70, 60}, 1);
    AddObject({80, 40, 150, 120}, 3);
  }

  // The left half of the box.
  void AddObject(const Box& box, int label) {
    sample_.instances.boxes.push_back(box);
    sample_.instances.labels.push_back(label);
    std::vector<uint8_t> mask(kHeight * kWidth);
    for (int y = box.y0; y < box.y1; ++y) {
      for (int x = box.x0; x < (box.x0 + box.x1) / 2; ++x) {
        mask[y * kWidth + x] = 1;
      }
    }
    sample_.instances.masks.push_back(mask);
  }

  struct Result {
    LossTerms terms;
    TrainNetwork::Gradients gradients;
    PictureTargets targets;
  };
  Result Run(const TrainConfig& recipe) {
    Result r;
    r.gradients = {Tensor(outputs_[model::kRpnScores].shape()),
                   Tensor(outputs_[model::kRpnDeltas].shape()),
                   Tensor(outputs_[model::kScoreMaps].shape()),
                   Tensor(outputs_[model::kBoxMaps].shape())};
    Sampler sampler(5);
    Tensor values({kernels::kNumLossTerms}, DType::kF64);
    const auto terms =
        PictureLoss(config_, recipe, sample_, {&outputs_, &r.gradients, 0}, 1,
                    backend_.get(), &sampler, &values, &r.targets);
    EXPECT_TRUE(terms.ok()) << terms.status();
    r.terms = TermsOf(recipe.loss(), 1, *terms, values.data<double>());
    return r;
  }

  std::unique_ptr<kernels::TrainBackend> backend_;
  ModelConfig config_;
  TrainNetwork::Outputs outputs_ = TrainNetwork::Outputs(4);
  data::TrainSample sample_;
  TrainConfig recipe_;
};

void ExpectSame(const LossTerms& a, const LossTerms& b) {
  EXPECT_NEAR(a[kernels::kFcisLocTerm], b[kernels::kFcisLocTerm],
              1e-5 * b[kernels::kFcisLocTerm]);
  EXPECT_NEAR(a[kernels::kFcisClsTerm], b[kernels::kFcisClsTerm],
              1e-5 * b[kernels::kFcisClsTerm]);
  EXPECT_NEAR(a[kernels::kFcisMaskTerm], b[kernels::kFcisMaskTerm],
              1e-5 * b[kernels::kFcisMaskTerm]);
  EXPECT_NEAR(a[kernels::kFcisClsAccTerm], b[kernels::kFcisClsAccTerm], 1e-9);
  EXPECT_NEAR(a[kernels::kFcisFgAccTerm], b[kernels::kFcisFgAccTerm], 1e-9);
}

TEST_F(PictureLossTest, OhemOfAllRoisIsNoOhem) {
  for (const bool over_all : {false, true}) {
    recipe_.mutable_loss()->set_mask_over_all_rois(over_all);
    TrainConfig all = recipe_;
    // More than there are: all, in random order.
    all.mutable_loss()->set_roi_samples(1000);
    all.mutable_loss()->set_foreground_share(1);
    TrainConfig ohem = recipe_;
    ohem.mutable_loss()->set_ohem_rois(1000);
    const Result want = Run(all), got = Run(ohem);
    ASSERT_EQ(got.targets.rois.rois.size(), want.targets.rois.rois.size());
    // Proposals, then ground truth.
    ASSERT_EQ(got.targets.rois.rois.size(), got.targets.proposals.size() + 2);
    EXPECT_GT(want.terms[kernels::kFcisMaskTerm], 0);
    ExpectSame(got.terms, want.terms);
    const Tensor &maps = want.gradients[model::kScoreMaps],
                 &boxes = want.gradients[model::kBoxMaps];
    EXPECT_TRUE(
        AllNear(got.gradients[model::kScoreMaps], maps, 1e-5 * AbsMax(maps)));
    EXPECT_TRUE(
        AllNear(got.gradients[model::kBoxMaps], boxes, 1e-5 * AbsMax(boxes)));
  }
}

TEST_F(PictureLossTest, OhemKeepsTheHardest) {
  constexpr int kKept = 5;
  LossConfig& loss = *recipe_.mutable_loss();
  loss.set_ohem_rois(kKept);
  const Result r = Run(recipe_);
  const ProposalTargets& t = r.targets.rois;
  ASSERT_GT(t.rois.size(), 2u * kKept);
  EXPECT_EQ(std::count_if(t.labels.begin(), t.labels.end(),
                          [](int l) { return l >= 0; }),
            kKept);
  // With fewer RoIs the mean over the hardest can only grow.
  double last = 0;
  for (const int kept : {1000, 20, kKept, 1}) {
    loss.set_ohem_rois(kept);
    loss.set_mask_over_all_rois(true);  // every term a mean over RoIs
    const LossTerms terms = Run(recipe_).terms;
    const double head = terms[kernels::kFcisLocTerm] +
                        terms[kernels::kFcisClsTerm] +
                        terms[kernels::kFcisMaskTerm];
    EXPECT_GT(head, last);
    last = head;
  }
}

TEST_F(PictureLossTest, NoGradientFromOtherRois) {
  LossConfig& loss = *recipe_.mutable_loss();
  loss.set_ohem_rois(3);
  const Result r = Run(recipe_);
  const ProposalTargets& t = r.targets.rois;
  // Pixels that no kept RoI can read.
  int64_t outside = 0;
  const int64_t channels = outputs_[model::kScoreMaps].dim(3);
  for (int y = 0; y < kHeight / kStride; ++y) {
    for (int x = 0; x < kWidth / kStride; ++x) {
      bool read = false;
      for (size_t i = 0; i < t.rois.size(); ++i) {
        if (t.labels[i] < 0) continue;
        const Box& b = t.rois[i];
        read |= (x + 1) * kStride > b.x0 - kStride &&
                x * kStride < b.x1 + kStride &&
                (y + 1) * kStride > b.y0 - kStride &&
                y * kStride < b.y1 + kStride;
      }
      if (read) continue;
      ++outside;
      const int64_t at = (int64_t{y} * (kWidth / kStride) + x) * channels;
      for (int64_t c = 0; c < channels; ++c) {
        EXPECT_EQ(r.gradients[model::kScoreMaps].data<float>()[at + c], 0);
      }
    }
  }
  EXPECT_GT(outside, 0);
  EXPECT_GT(AbsMax(r.gradients[model::kScoreMaps]), 0);
}

TEST_F(PictureLossTest, OhemGradientsAreSlopes) {
  LossConfig& loss = *recipe_.mutable_loss();
  loss.set_ohem_rois(7);
  loss.set_fcis_mask(10);
  loss.set_fcis_cls(0.5);
  loss.set_mask_over_all_rois(true);
  const Result r = Run(recipe_);
  const auto slope = [&](Tensor* maps, const Tensor& g) {
    // Along the gradient, where the loss changes most.
    constexpr double kStep = 2e-3;
    const double norm = std::sqrt([&] {
      double sum = 0;
      for (const double v : g.span<float>()) sum += v * v;
      return sum;
    }());
    const Tensor kept = *maps;
    double sums[2];
    for (const int side : {0, 1}) {
      *maps = kept.Clone();
      const float* from = g.data<float>();
      for (float& v : maps->mutable_span<float>()) {
        v += static_cast<float>((side == 0 ? -kStep : kStep) * *from++ / norm);
      }
      sums[side] = Run(recipe_).terms.sum();
    }
    *maps = kept;
    EXPECT_NEAR((sums[1] - sums[0]) / (2 * kStep), norm, 5e-3 * norm);
  };
  slope(&outputs_[model::kScoreMaps], r.gradients[model::kScoreMaps]);
  slope(&outputs_[model::kBoxMaps], r.gradients[model::kBoxMaps]);
}

TEST_F(PictureLossTest, MaskTermOverAllRois) {
  LossConfig& loss = *recipe_.mutable_loss();
  const Result mean = Run(recipe_);
  loss.set_mask_over_all_rois(true);
  const Result share = Run(recipe_);
  const std::vector<int>& labels = mean.targets.rois.labels;
  const double foreground =
      std::count_if(labels.begin(), labels.end(), [](int l) { return l > 0; });
  ASSERT_GT(foreground, 0);
  ASSERT_LT(foreground, labels.size());
  EXPECT_NEAR(share.terms[kernels::kFcisMaskTerm],
              mean.terms[kernels::kFcisMaskTerm] * foreground / labels.size(),
              1e-6);
  EXPECT_EQ(share.terms[kernels::kFcisClsTerm],
            mean.terms[kernels::kFcisClsTerm]);
}

TEST_F(PictureLossTest, NoObjects) {
  sample_.instances = data::Instances();
  LossConfig& loss = *recipe_.mutable_loss();
  loss.set_ohem_rois(7);
  loss.set_mask_over_all_rois(true);
  const Result r = Run(recipe_);
  EXPECT_EQ(r.terms[kWithoutRois], 1);
  EXPECT_EQ(r.terms[kWithoutForeground], 1);
  EXPECT_EQ(r.terms[kernels::kFcisMaskTerm], 0);
  EXPECT_EQ(AbsMax(r.gradients[model::kScoreMaps]), 0);
}

TEST_F(PictureLossTest, WholeMasksReachOutOfTheirBox) {
  // A RoI around a box, which the mask leaves to the left.
  const Box roi = {20, 16, 70, 60}, box = {32, 16, 70, 60};
  const MaskView mask = {sample_.instances.masks[0].data(), kHeight, kWidth};
  recipe_.mutable_loss()->set_ohem_rois(1);  // Nothing is sampled.
  const int size = config_.head().roi_size();
  const auto inside = [&] {
    Sampler sampler(1);
    const ProposalTargets t = MakeProposalTargets({roi}, {box}, {1}, {mask},
                                                  config_, recipe_, &sampler);
    EXPECT_EQ(t.labels, std::vector<int>({1, 1}));
    const auto end = t.masks.begin() + size * size;
    return static_cast<double>(std::count(t.masks.begin(), end, 1)) /
           (size * size);
  };
  EXPECT_NEAR(inside(), 13 / 50.0, 0.05);
  recipe_.mutable_loss()->set_whole_masks(true);
  EXPECT_NEAR(inside(), 25 / 50.0, 0.05);
}

}  // namespace
}  // namespace fcis::train
