// Whole networks against chainercv: every stage end to end, what follows the
// proposals from the stored RoIs, predict() under each of its presets. And
// what tells its batch-norm epsilons from others.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/geometry/box_rows.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/ops/propose.h"
#include "fcis/kernels/ops/softmax.h"
#include "fcis/kernels/ops/vote_masks.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/kernels/testing/voting_case.h"
#include "fcis/model/detector.h"
#include "fcis/model/rpn.h"
#include "fcis/model/testing/golden_config.h"
#include "fcis/model/testing/golden_detections.h"
#include "fcis/model/testing/packed_mask.h"
#include "fcis/model/testing/rows.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using Stages = std::map<std::string, Tensor>;

StageObserver Into(Stages* stages) {
  return [stages](absl::string_view name, const Tensor& t) {
    (*stages)[std::string(name)] = t;
  };
}

ModelConfig ChainercvConfig(const GoldenFile& golden) {
  ModelConfig config = GoldenConfig(golden);
  EXPECT_TRUE(SetChainercvRules(&config).ok());
  return config;
}

// Channels `index` of [1,C,H,W].
Tensor Channels(const Tensor& t, const std::vector<int>& index) {
  const Tensor some =
      SelectRows(t.Reshaped({t.dim(1), t.dim(2), t.dim(3)}), index);
  return some.Reshaped({1, some.dim(0), some.dim(1), some.dim(2)});
}

// A preset of chainercv's; the small networks' own min_drop_size is COCO's 2.
PostprocessConfig ChainercvPreset(const ModelConfig& config,
                                  const std::string& name) {
  if (name == "visualize") return PostprocessFor(config, Purpose::kShow);
  PostprocessConfig scored = PostprocessFor(config, Purpose::kScore);
  if (name == "evaluate") {
    scored.set_min_drop_size(config.postprocess().min_drop_size());
  }
  return scored;
}

class ChainercvNetParity
    : public ::testing::TestWithParam<std::tuple<const char*, std::string>> {
 protected:
  ChainercvNetParity()
      : golden_(
            absl::StrCat("chainercv/net_", std::get<0>(GetParam()), ".npz")),
        config_(ChainercvConfig(golden_)),
        backend_(kernels::MakeTestBackend(std::get<1>(GetParam()))),
        image_(ImageFromChw(golden_.Get("img"))) {
    detector_ = *Detector::Create(
        DeterministicWeights(config_, golden_.Int("weight_seed")),
        backend_.get());
    EXPECT_EQ(std::vector<int>({image_.height, image_.width}),
              golden_.Ints("H_W"));
  }

  // The limit is relative to the largest value of the fixture.
  void ExpectStage(const Tensor& got, const std::string& name,
                   double limit = 2e-5) {
    const Tensor want = golden_.Get(name);
    EXPECT_TRUE(AllNear(got, want, limit * AbsMax(want))) << name;
  }
  // The same of rows of both.
  void ExpectRows(const Tensor& got, const std::string& name,
                  const std::vector<int>& rows) {
    const Tensor want = golden_.Get(name);
    ASSERT_EQ(got.shape(), want.shape()) << name;
    EXPECT_TRUE(AllNear(SelectRows(got, rows), SelectRows(want, rows),
                        2e-5 * AbsMax(want)))
        << name;
  }
  std::vector<int> SteadyRois(const Tensor& rois);
  void ExpectPooled(const Stages& stages);

  GoldenFile golden_;
  ModelConfig config_;
  std::unique_ptr<kernels::Backend> backend_;
  Image image_;
  std::unique_ptr<Detector> detector_;
};

// RoIs whose bins cannot have moved: their edges are further from the next map
// pixel than the RoI is from the stored one (16 picture pixels per map pixel).
std::vector<int> ChainercvNetParity::SteadyRois(const Tensor& rois) {
  const Tensor want = golden_.Get("rois");
  const std::vector<float> margin = golden_.Floats("edge_margin");
  std::vector<int> steady;
  for (int r = 0; r < want.dim(0); ++r) {
    double off = 0;
    for (int k = 0; k < 4; ++k) {
      off = std::max<double>(off, std::abs(rois.data<float>()[4 * r + k] -
                                           want.data<float>()[4 * r + k]));
    }
    if (margin[r] * 16 > off) steady.push_back(r);
  }
  EXPECT_GE(steady.size() * 10, margin.size() * 9) << "too few RoIs to compare";
  return steady;
}

void ChainercvNetParity::ExpectPooled(const Stages& stages) {
  const std::vector<int> steady = SteadyRois(stages.at("rois"));
  for (const char* name : {"roi_cls_scores", "roi_cls_locs"}) {
    ExpectRows(stages.at(name), name, steady);
  }
  const int half = static_cast<int>(golden_.Get("rois_rpn").dim(0));
  for (const int iteration : {1, 2}) {
    std::vector<int> rows;
    for (const int r : steady) {
      if (r / half + 1 == iteration) rows.push_back(r % half);
    }
    for (const char* map : {"pool_cls_seg_", "pool_locs_"}) {
      const std::string name = absl::StrCat(map, iteration, "_mean");
      ExpectRows(stages.at(name), name, rows);
    }
  }
  EXPECT_TRUE(AllNear(SelectRows(stages.at("cls_prob"), steady),
                      SelectRows(golden_.Get("cls_prob"), steady), 1e-4));
  const std::vector<int> stored = golden_.Ints("mask_prob_subset");
  std::vector<int> ours, theirs;
  for (size_t i = 0; i < stored.size(); ++i) {
    if (!std::binary_search(steady.begin(), steady.end(), stored[i])) continue;
    ours.push_back(stored[i]);
    theirs.push_back(static_cast<int>(i));
  }
  EXPECT_TRUE(AllNear(SelectRows(stages.at("mask_prob"), ours),
                      SelectRows(golden_.Get("mask_prob"), theirs), 1e-4));
}

TEST_P(ChainercvNetParity, StagesEndToEnd) {
  Stages stages;
  const auto detections = detector_->Detect(
      image_, ChainercvPreset(config_, "coco_evaluate"), Into(&stages));
  ASSERT_TRUE(detections.ok()) << detections.status();
  const Tensor red = golden_.Get("prepared_ch0");
  EXPECT_TRUE(AllNear(stages["prepared"].Part(0, red.shape()), red, 5e-5));
  EXPECT_EQ(SizeToPrepare(image_.height, image_.width, config_.input()).scale,
            golden_.Double("scale_height_f64"));
  EXPECT_EQ(static_cast<double>(red.dim(1)) / image_.width,
            golden_.Double("scale_width_f64"));
  ExpectStage(stages["res1"], "res1", 4e-6);
  std::vector<int> fourths;
  for (int c = 0; c < stages["res2"].dim(1); c += 4) fourths.push_back(c);
  ExpectStage(Channels(stages["res2"], fourths), "res2_ch4");
  for (const char* name : {"res3", "res4", "res5", "rpn_conv1", "rpn_scores",
                           "rpn_locs", "psroi_conv1", "h_locs"}) {
    ExpectStage(stages[name], name);
  }
  ExpectStage(Channels(stages["h_cls_seg"], golden_.Ints("h_cls_seg_channels")),
              "h_cls_seg");
  EXPECT_TRUE(AllNear(stages["rois_rpn"], golden_.Get("rois_rpn"), 2e-3));
  EXPECT_TRUE(AllNear(stages["rois"], golden_.Get("rois"), 4e-3));
  ExpectPooled(stages);
}

TEST_P(ChainercvNetParity, PoolingOfTheStoredRois) {
  const Tensor prepared = *Prepare(image_, config_.input());
  const auto maps = detector_->RunNetwork(prepared, nullptr);
  ASSERT_TRUE(maps.ok()) << maps.status();
  const std::vector<Box> rois = BoxesFromYxyx(golden_.Get("rois"));
  const size_t half = rois.size() / 2;
  const std::vector<int> subset = golden_.Ints("pool_subset");
  const Tensor want = golden_.Get("roi_seg_scores_subset");
  Tensor pairs(want.shape());
  float* to = pairs.mutable_data<float>();
  for (const int iteration : {1, 2}) {
    Stages stages;
    const auto some =
        absl::MakeConstSpan(rois).subspan(iteration == 1 ? 0 : half, half);
    const auto output = detector_->head().Pool(
        maps->head, some, static_cast<int>(prepared.dim(1)),
        static_cast<int>(prepared.dim(2)), /*iter2=*/false, Into(&stages));
    ASSERT_TRUE(output.ok()) << output.status();
    for (const char* name : {"pool_cls_seg", "pool_locs"}) {
      ExpectStage(SelectRows(stages[absl::StrCat(name, "_1")], subset),
                  absl::StrCat(name, "_", iteration));
    }
    const Tensor part = SelectRows(stages["roi_seg_scores"], subset);
    ASSERT_EQ(2 * part.num_elements(), want.num_elements());
    to = std::copy_n(part.data<float>(), part.num_elements(), to);
  }
  EXPECT_TRUE(AllNear(pairs, want, 2e-5 * AbsMax(want)));
}

TEST_P(ChainercvNetParity, ProposalsOfTheStoredScores) {
  const double scale = golden_.Double("rpn_scale_f64");
  EXPECT_EQ(scale, golden_.Double("scale_width_f64"));
  const Tensor map = golden_.Get("rpn_conv1"),
               red = golden_.Get("prepared_ch0");
  const int64_t anchors =
      int64_t{config_.rpn().ratios_size()} * config_.rpn().scales_size();
  const auto rois = *kernels::ops::Propose(
      *backend_,
      ProposeParamsOf(config_.rpn(), static_cast<int>(red.dim(0)),
                      static_cast<int>(red.dim(1)), scale),
      golden_.Get("rpn_scores")
          .Reshaped({1, map.dim(2), map.dim(3), 2 * anchors}),
      golden_.Get("rpn_locs")
          .Reshaped({1, map.dim(2), map.dim(3), 4 * anchors}));
  EXPECT_TRUE(AllNear(YxyxFromBoxes(rois), golden_.Get("rois_rpn"), 2e-3));
}

// The boxes of `rois` that vote.
std::vector<Box> VotingBoxes(const std::vector<Box>& rois, double scale,
                             double min_drop_size, int height, int width) {
  kernels::VoteParams params;
  params.scale = static_cast<float>(scale);
  params.min_side = static_cast<float>(min_drop_size);
  params.height = height;
  params.width = width;
  std::vector<Box> boxes;
  for (const Box& roi : rois) {
    if (kernels::TakesPart(params, roi))
      boxes.push_back(kernels::VotingBox(params, roi));
  }
  return boxes;
}

TEST_P(ChainercvNetParity, BoxesThatVote) {
  for (const std::string preset : {"evaluate", "coco_evaluate"}) {
    const std::vector<Box> boxes = VotingBoxes(
        BoxesFromYxyx(golden_.Get("rois")), golden_.Double("scale_width_f64"),
        ChainercvPreset(config_, preset).min_drop_size(), image_.height,
        image_.width);
    EXPECT_TRUE(AllNear(
        YxyxFromBoxes(boxes),
        golden_.Get(absl::StrCat("det_", preset, "/voting_bbox")), 4e-3))
        << preset;
  }
}

TEST_P(ChainercvNetParity, Detections) {
  for (const std::string preset :
       {"visualize", "evaluate", "coco_evaluate", "iter1"}) {
    PostprocessConfig options = ChainercvPreset(config_, preset);
    options.set_iter2(preset != "iter1");
    const auto got = detector_->Detect(image_, options);
    ASSERT_TRUE(got.ok()) << got.status();
    ExpectGoldenDetections(golden_, absl::StrCat("det_", preset), *got,
                           image_.height, image_.width, options,
                           /*box_limit=*/0, /*first_label=*/0);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Nets, ChainercvNetParity,
    ::testing::Combine(::testing::Values("small", "mini"),
                       ::testing::ValuesIn(kernels::BackendNames())));

class ChainercvParity : public ::testing::TestWithParam<std::string> {
 protected:
  ChainercvParity() : backend_(kernels::MakeTestBackend(GetParam())) {}

  // res1 .. res5 of bn_eps's network.
  Stages StagesOf(const GoldenFile& golden, const ModelConfig& config) {
    Weights weights = DeterministicWeights(config, golden.Int("weight_seed"));
    const std::vector<float> factors = golden.Floats("var_gamma_factors");
    for (auto& [name, tensor] : weights.tensors) {
      const bool variance = absl::EndsWith(name, "/avg_var");
      if (!variance && !absl::EndsWith(name, "/gamma")) continue;
      for (float& v : tensor.mutable_span<float>()) {
        v *= variance ? factors[0] : factors[1];
      }
    }
    const auto detector = *Detector::Create(weights, backend_.get());
    Stages stages;
    EXPECT_TRUE(detector
                    ->RunNetwork(*Prepare(ImageFromChw(golden.Get("img")),
                                          config.input()),
                                 Into(&stages))
                    .ok());
    return stages;
  }

  std::unique_ptr<kernels::Backend> backend_;
};

// Variances are so small that a wrong epsilon moves a stage by 3 % or more.
TEST_P(ChainercvParity, BatchNormEpsilons) {
  const GoldenFile golden("chainercv/bn_eps.npz");
  const auto equal = [&](Stages stages) {
    int near = 0;
    for (const char* name : {"res1", "res2", "res3", "res4", "res5"}) {
      const Tensor want = golden.Get(name);
      near += AllNear(stages[name], want, 2e-5 * AbsMax(want)) ? 1 : 0;
    }
    return near == 5;
  };
  const ModelConfig config = ChainercvConfig(golden);
  EXPECT_TRUE(equal(StagesOf(golden, config)));
  ModelConfig other = config;
  other.mutable_backbone()->set_bn_eps_stem(1e-5f);
  EXPECT_FALSE(equal(StagesOf(golden, other)));
  other = config;
  other.mutable_backbone()->set_bn_eps_projection(2e-5f);
  EXPECT_FALSE(equal(StagesOf(golden, other)));
  other = config;
  other.mutable_backbone()->set_bn_eps(2e-5f);
  EXPECT_FALSE(equal(StagesOf(golden, other)));
}

// Of logits as the head has them: the background's mask logit is 0.
Tensor MaskProbs(kernels::Backend& backend, const GoldenFile& golden,
                 const std::string& at) {
  const Tensor inside = golden.Get(at + "roi_seg_scores_fg");
  Tensor pairs(Shape{inside.dim(0), inside.dim(1), inside.dim(2), 2});
  float* to = pairs.mutable_data<float>();
  for (const float v : inside.span<float>()) {
    *to++ = 0;
    *to++ = v;
  }
  return *backend.ToHost(*kernels::ops::InsideProbabilities(backend, pairs));
}

TEST_P(ChainercvParity, PredictAroundGivenOutputs) {
  const GoldenFile golden("chainercv/postprocess.npz");
  const int cases = golden.Int("n_cases");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const std::string at = absl::StrCat("post", i, "/");
    const std::vector<int> size = golden.Ints(at + "H_W");
    const std::vector<int> prepared = golden.Ints(at + "prepared_h_w");
    const std::vector<int> sides = golden.Ints(at + "min_max");
    InputConfig input;
    input.set_min_size(sides[0]);
    input.set_max_size(sides[1]);
    const PreparedSize ours = SizeToPrepare(size[0], size[1], input);
    EXPECT_EQ(ours.height, prepared[0]);
    EXPECT_EQ(ours.width, prepared[1]);
    EXPECT_EQ(ours.scale, golden.Double(at + "height_ratio_f64"));
    const double scale = static_cast<double>(prepared[1]) / size[1];
    EXPECT_EQ(scale, golden.Double(at + "scale_given_to_rpn_f64"));

    PostprocessConfig config;
    config.set_voting_rule(PostprocessConfig::CHAINERCV);
    config.set_score_thresh(golden.Double(at + "score_thresh_f64"));
    config.set_min_drop_size(golden.Int(at + "min_drop_size"));
    EXPECT_TRUE(AllNear(
        YxyxFromBoxes(VotingBoxes(BoxesFromYxyx(golden.Get(at + "rois")), scale,
                                  config.min_drop_size(), size[0], size[1])),
        golden.Get(at + "voting_bbox"), 1e-4));
    const FcisHead::Output output = {
        RowsOfBoxes(BoxesFromYxyx(golden.Get(at + "rois"))),
        *kernels::ops::Softmax(*backend_, golden.Get(at + "roi_cls_scores")),
        Tensor()};
    const auto got =
        Postprocess(*backend_, output,
                    kernels::MasksAmong(MaskProbs(*backend_, golden, at)),
                    size[0], size[1], scale, config);
    ASSERT_TRUE(got.ok()) << got.status();
    const std::vector<Box> boxes = BoxesFromYxyx(golden.Get(at + "det_bbox"));
    const std::vector<int> labels = golden.Ints(at + "det_label");
    const std::vector<float> scores = golden.Floats(at + "det_score");
    const Tensor packed = golden.Get(at + "det_mask_packed");
    ASSERT_EQ(got->size(), labels.size());
    for (size_t d = 0; d < labels.size(); ++d) {
      EXPECT_EQ((*got)[d].label, labels[d] + 1) << d;
      EXPECT_EQ((*got)[d].box, boxes[d]) << d;
      EXPECT_NEAR((*got)[d].score, scores[d], 1e-6) << d;
      const MaskAgreement masks =
          ComparePacked((*got)[d], packed, d, size[0], size[1], config);
      EXPECT_EQ(masks.intersection, masks.united) << d;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, ChainercvParity,
                         ::testing::ValuesIn(kernels::BackendNames()),
                         [](const auto& info) {
                           return kernels::BackendTestName(info.param);
                         });

}  // namespace
}  // namespace fcis::model
