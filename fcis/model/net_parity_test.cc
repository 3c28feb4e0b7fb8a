// Whole networks against the reference: every stage end to end, and every
// stage after the proposals from the stored RoIs.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/ops/propose.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/voting_case.h"
#include "fcis/model/detector.h"
#include "fcis/model/rpn.h"
#include "fcis/model/testing/golden_config.h"
#include "fcis/model/testing/golden_detections.h"
#include "fcis/model/testing/rows.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using Stages = std::map<std::string, Tensor>;

// examples/coco/evaluate.py.
constexpr double kEvaluationScore = 1e-3;

// Every step-th channel of [1,C,H,W].
Tensor EveryChannel(const Tensor& t, int step) {
  std::vector<int> rows;
  for (int c = 0; c < t.dim(1); c += step) rows.push_back(c);
  const Tensor flat = t.Reshaped({t.dim(1), t.dim(2), t.dim(3)});
  const Tensor some = SelectRows(flat, rows);
  return some.Reshaped({1, some.dim(0), some.dim(1), some.dim(2)});
}

// A test of one network on one backend.
class NetParity
    : public ::testing::TestWithParam<std::tuple<const char*, std::string>> {
 protected:
  NetParity()
      : golden_(absl::StrCat("net_", std::get<0>(GetParam()), ".npz")),
        config_(GoldenConfig(golden_)),
        backend_(kernels::MakeTestBackend(std::get<1>(GetParam()))) {
    config_.mutable_postprocess()->set_score_thresh(
        golden_.Float("score_thresh"));
    const Weights weights =
        DeterministicWeights(config_, golden_.Int("weight_seed"));
    detector_ = *Detector::Create(weights, backend_.get());
    image_ = ImageFromChw(golden_.Get("img"));
    const std::vector<int> size = golden_.Ints("H_W");
    EXPECT_EQ(image_.height, size[0]);
    EXPECT_EQ(image_.width, size[1]);
  }

  void ExpectNear(const Tensor& got, const char* name, double limit) {
    EXPECT_TRUE(AllNear(got, golden_.Get(name), limit)) << name;
  }
  // The limit is relative to the largest value of the fixture.
  void ExpectStage(const Tensor& got, const std::string& name) {
    const Tensor want = golden_.Get(name);
    EXPECT_TRUE(AllNear(got, want, 2e-5 * AbsMax(want))) << name;
  }

  // Detections of `prefix` under changed options; masks are pasted.
  void ExpectDetections(const std::string& prefix,
                        const PostprocessConfig& options, double box_limit) {
    const auto got = detector_->Detect(image_, options);
    ASSERT_TRUE(got.ok()) << got.status();
    ExpectGoldenDetections(golden_, prefix, *got, image_.height, image_.width,
                           options, box_limit, /*first_label=*/1);
  }

  GoldenFile golden_;
  ModelConfig config_;
  std::unique_ptr<kernels::Backend> backend_;
  std::unique_ptr<Detector> detector_;
  Image image_;
};

TEST_P(NetParity, StagesEndToEnd) {
  Stages stages;
  const auto detections =
      detector_->Detect(image_, config_.postprocess(),
                        [&](absl::string_view name, const Tensor& t) {
                          stages[std::string(name)] = t;
                        });
  ASSERT_TRUE(detections.ok()) << detections.status();
  EXPECT_EQ(SizeToPrepare(image_.height, image_.width, config_.input()).scale,
            golden_.Double("scale_f64"));
  const Tensor prepared = golden_.Get("prepared");
  EXPECT_TRUE(
      AllNear(stages["prepared"].Reshaped(prepared.shape()), prepared, 5e-5));
  for (const char* name :
       {"res1", "res3", "res4", "res5", "rpn_conv1", "rpn_scores", "rpn_locs",
        "psroi_conv1", "h_cls_seg", "h_locs"}) {
    ExpectStage(stages[name], name);
  }
  ExpectStage(EveryChannel(stages["res2"], 4), "res2_ch4");
  ExpectNear(stages["rois_rpn"], "rois_rpn", 2e-3);
  ExpectNear(stages["rois"], "rois", 4e-3);
  ExpectNear(stages["cls_prob"], "cls_prob", 1e-4);
  ExpectNear(stages["mask_prob"], "mask_prob", 1e-4);
  for (const char* name :
       {"roi_cls_scores", "roi_cls_locs", "pool_cls_seg_1_mean",
        "pool_cls_seg_2_mean", "pool_locs_1_mean", "pool_locs_2_mean"}) {
    ExpectStage(stages[name], name);
  }
}

// Rounding of a RoI to pixels is where a last-bit difference would jump, so
// these begin with the stored RoIs.
TEST_P(NetParity, PoolingOfTheStoredRois) {
  const auto prepared = Prepare(image_, config_.input());
  ASSERT_TRUE(prepared.ok());
  const int height = prepared->dim(1);
  const int width = prepared->dim(2);
  const auto maps = detector_->RunNetwork(*prepared, nullptr);
  ASSERT_TRUE(maps.ok()) << maps.status();
  const std::vector<Box> rois = BoxesFromYxyx(golden_.Get("rois"));
  const size_t half = rois.size() / 2;
  const std::vector<int> subset = golden_.Ints("pool_subset");
  const std::vector<float> margin = golden_.Floats("coord_margin");
  EXPECT_EQ(margin.size(), rois.size() * 4);

  std::vector<Tensor> pairs;
  for (const int iteration : {1, 2}) {
    Stages stages;
    const auto some =
        absl::MakeConstSpan(rois).subspan(iteration == 1 ? 0 : half, half);
    const auto output =
        detector_->head().Pool(maps->head, some, height, width, /*iter2=*/false,
                               [&](absl::string_view name, const Tensor& t) {
                                 stages[std::string(name)] = t;
                               });
    ASSERT_TRUE(output.ok()) << output.status();
    for (const char* name : {"pool_cls_seg", "pool_locs"}) {
      ExpectStage(SelectRows(stages[absl::StrCat(name, "_1")], subset),
                  absl::StrCat(name, "_", iteration));
    }
    pairs.push_back(SelectRows(stages["roi_seg_scores"], subset));
  }
  const Tensor want = golden_.Get("roi_seg_scores_subset");
  const int64_t n = pairs[0].num_elements();
  Tensor both(want.shape());
  ASSERT_EQ(want.num_elements(), 2 * n);
  std::copy_n(pairs[0].data<float>(), n, both.mutable_data<float>());
  std::copy_n(pairs[1].data<float>(), n, both.mutable_data<float>() + n);
  EXPECT_TRUE(AllNear(both, want, 2e-5 * AbsMax(want)));
}

TEST_P(NetParity, ProposalsOfTheStoredScores) {
  const Tensor scores = golden_.Get("rpn_scores");
  const Tensor deltas = golden_.Get("rpn_locs");
  const Tensor map = golden_.Get("rpn_conv1");
  const int64_t anchors =
      int64_t{config_.rpn().ratios_size()} * config_.rpn().scales_size();
  const Tensor prepared = golden_.Get("prepared");
  const auto rois = *kernels::ops::Propose(
      *backend_,
      ProposeParamsOf(config_.rpn(), static_cast<int>(prepared.dim(1)),
                      static_cast<int>(prepared.dim(2)),
                      golden_.Double("scale_f64")),
      scores.Reshaped({1, map.dim(2), map.dim(3), 2 * anchors}),
      deltas.Reshaped({1, map.dim(2), map.dim(3), 4 * anchors}));
  ExpectNear(YxyxFromBoxes(rois), "rois_rpn", 2e-3);
}

TEST_P(NetParity, VotingOfTheStoredProbabilities) {
  const FcisHead::Output output = {
      RowsOfBoxes(BoxesFromYxyx(golden_.Get("rois"))), golden_.Get("cls_prob"),
      Tensor()};
  const auto masks = kernels::MasksAmong(golden_.Get("mask_prob"));
  PostprocessConfig options = config_.postprocess();
  for (const char* prefix : {"det", "det_drop16", "det_eval"}) {
    SCOPED_TRACE(prefix);
    options.set_min_drop_size(std::string(prefix) == "det_drop16" ? 16 : 2);
    options.set_score_thresh(std::string(prefix) == "det_eval"
                                 ? kEvaluationScore
                                 : config_.postprocess().score_thresh());
    const std::vector<Detection> got =
        *Postprocess(*backend_, output, masks, image_.height, image_.width,
                     golden_.Double("scale_f64"), options);
    const std::string name = prefix;
    std::vector<Box> boxes;
    std::vector<int> labels;
    std::vector<float> scores;
    for (const Detection& d : got) {
      boxes.push_back(d.box);
      labels.push_back(d.label);
      scores.push_back(d.score);
    }
    EXPECT_TRUE(AllEqual(YxyxFromBoxes(boxes), golden_.Get(name + "/bbox")));
    EXPECT_EQ(labels, golden_.Ints(name + "/label"));
    EXPECT_EQ(scores, golden_.Floats(name + "/score"));
  }
}

TEST_P(NetParity, Detections) {
  PostprocessConfig options = config_.postprocess();
  ExpectDetections("det", options, 0);
  options.set_min_drop_size(16);
  ExpectDetections("det_drop16", options, 0);
  options = config_.postprocess();
  options.set_mask_voting(false);
  ExpectDetections("det_novote", options, 4e-3);
  options = config_.postprocess();
  options.set_iter2(false);
  ExpectDetections("det_iter1", options, 0);
  options = config_.postprocess();
  options.set_score_thresh(kEvaluationScore);
  ExpectDetections("det_eval", options, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Nets, NetParity,
    ::testing::Combine(::testing::Values("small", "mini"),
                       ::testing::ValuesIn(kernels::BackendNames())));

}  // namespace
}  // namespace fcis::model
