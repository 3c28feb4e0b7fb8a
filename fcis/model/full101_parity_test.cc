// The full ResNet-101 against the references: stored slices and statistics of
// every stage end to end, pooling from the stored RoIs, detections.
#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/config/purpose.h"
#include "fcis/core/image/prepare.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/testing/backends.h"
#include "fcis/model/detector.h"
#include "fcis/model/testing/packed_mask.h"
#include "fcis/model/testing/rows.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::model {
namespace {

using Stages = std::map<std::string, Tensor>;

std::vector<std::string> FastBackends() {
  std::vector<std::string> fast;
  for (const std::string& name : kernels::BackendNames()) {
    if (kernels::RunsLargeNetworks(name)) fast.push_back(name);
  }
  return fast;
}

constexpr char kChainerFcis[] = "full101.npz";

// Parameters: a file of the fixtures and a backend.
class Full101Parity
    : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  // The photograph is not committed.
  void SetUp() override {
    const std::string& file = std::get<0>(GetParam());
    chainercv_ = file != kChainerFcis;
    if (!HasGoldenFile(file)) {
      GTEST_SKIP() << GoldenPath(file) << " is not there";
    }
    golden_.emplace(file);
    config_ =
        *Preset(chainercv_ ? "resnet101_coco_chainercv" : "resnet101_coco");
    backend_ = kernels::MakeTestBackend(std::get<1>(GetParam()));
    image_ = ImageFromChw(golden_->Get("img"));
    const std::vector<int> sizes = golden_->Ints("min_max");
    config_.mutable_input()->set_min_size(sizes[0]);
    config_.mutable_input()->set_max_size(sizes[1]);
    if (!chainercv_) {
      config_.mutable_postprocess()->set_score_thresh(
          golden_->Float("score_thresh"));
    }
    detector_ = *Detector::Create(
        DeterministicWeights(config_, golden_->Int("weight_seed")),
        backend_.get());
  }

  // The limit is relative to the largest value of the whole stage.
  void ExpectSlice(const Tensor& stage, const std::string& name) {
    const Tensor flat =
        stage.Reshaped({stage.dim(1), stage.dim(2), stage.dim(3)});
    const std::vector<int> channels = golden_->Ints(name + "_channels");
    EXPECT_TRUE(AllNear(SelectRows(flat, channels),
                        golden_->Get(name + "_slice"), 5e-5 * AbsMax(stage)))
        << name;
  }
  void ExpectNearStored(const Tensor& got, const std::string& name) {
    const Tensor want = golden_->Get(name);
    EXPECT_TRUE(AllNear(got, want, 5e-5 * AbsMax(want))) << name;
  }
  void ExpectStatistics(const Stages& stages);
  void ExpectRois(const Tensor& got, const char* name);
  void ExpectSteadyRois(const Stages& stages);
  void ExpectPools(const Stages& stages, int iteration);
  void ExpectDetections(const std::string& prefix,
                        const PostprocessConfig& options, const Tensor& masks,
                        const std::vector<int>& mask_rows);

  bool chainercv_ = false;
  absl::optional<GoldenFile> golden_;
  ModelConfig config_;
  std::unique_ptr<kernels::Backend> backend_;
  std::unique_ptr<Detector> detector_;
  Image image_;
};

StageObserver Into(Stages* stages) {
  return [stages](absl::string_view name, const Tensor& t) {
    (*stages)[std::string(name)] = t;
  };
}

// Mean, standard deviation, largest magnitude, root mean square.
std::vector<double> Statistics(const Tensor& t) {
  double sum = 0, squares = 0, most = 0;
  for (const double v : t.span<float>()) {
    sum += v;
    squares += v * v;
    most = std::max(most, std::abs(v));
  }
  const double n = static_cast<double>(t.num_elements());
  const double mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean)), most,
          std::sqrt(squares / n)};
}

void Full101Parity::ExpectStatistics(const Stages& stages) {
  const std::vector<std::string> names = golden_->Lines("stage_names");
  const Tensor want = golden_->Get("stage_mean_std_absmax_rms_f64");
  ASSERT_EQ(static_cast<int64_t>(names.size()), want.dim(0));
  bool pooled = false;
  for (size_t i = 0; i < names.size(); ++i) {
    // From the RoIs on, a rounding that falls the other way shows.
    pooled = pooled || names[i] == "rois_rpn" || names[i] == "pool_cls_seg_1";
    ASSERT_TRUE(stages.count(names[i])) << names[i];
    const std::vector<double> got = Statistics(stages.at(names[i]));
    const double* row = want.data<double>() + 4 * i;
    const double limit = (pooled ? 5e-3 : 1e-3) * row[3];
    for (int k = 0; k < 4; ++k) {
      EXPECT_NEAR(got[k], row[k], limit) << names[i] << " " << k;
    }
  }
}

// The largest difference in row i of [n,4].
double RowDistance(const Tensor& a, const Tensor& b, int i) {
  double most = 0;
  for (int k = 4 * i; k < 4 * i + 4; ++k) {
    most = std::max<double>(most,
                            std::abs(a.data<float>()[k] - b.data<float>()[k]));
  }
  return most;
}

// 99 of 100 rows agree to 1e-2 pixels.
void Full101Parity::ExpectRois(const Tensor& got, const char* name) {
  const Tensor want = golden_->Get(name);
  ASSERT_EQ(got.shape(), want.shape()) << name;
  int64_t agree = 0;
  for (int i = 0; i < want.dim(0); ++i)
    agree += RowDistance(got, want, i) <= 1e-2;
  EXPECT_GE(agree * 100, want.dim(0) * 99) << name;
}

// End to end, of RoIs that are there and whose bins cannot have moved: their
// edges are further from the next map pixel than the RoI is from the stored one
// (16 picture pixels per map pixel).
void Full101Parity::ExpectSteadyRois(const Stages& stages) {
  const Tensor rois = golden_->Get("rois");
  const std::vector<float> margin = golden_->Floats("edge_margin");
  std::vector<int> steady;
  for (int i = 0; i < rois.dim(0); ++i) {
    const double off = RowDistance(stages.at("rois"), rois, i);
    if (off <= 1e-2 && margin[i] * 16 > off) steady.push_back(i);
  }
  EXPECT_GE(steady.size() * 10, margin.size() * 8) << "too few to compare";
  for (const char* name : {"roi_cls_scores", "roi_cls_locs"}) {
    if (!golden_->Has(name)) continue;
    const Tensor want = golden_->Get(name);
    EXPECT_TRUE(AllNear(SelectRows(stages.at(name), steady),
                        SelectRows(want, steady), 5e-5 * AbsMax(want)))
        << name;
  }
}

void Full101Parity::ExpectPools(const Stages& stages, int iteration) {
  const std::vector<int> subset = golden_->Ints("pool_subset");
  const std::vector<int> channels = golden_->Ints("pool_cls_seg_channels");
  const Tensor pools = SelectRows(stages.at("pool_cls_seg_1"), subset);
  const std::string name = absl::StrCat("pool_cls_seg_", iteration);
  const Tensor want = golden_->Get(name);
  Tensor got(want.shape());
  float* to = got.mutable_data<float>();
  const int64_t cells = pools.dim(2) * pools.dim(3);
  for (size_t r = 0; r < subset.size(); ++r) {
    for (const int c : channels) {
      to = std::copy_n(pools.data<float>() + (r * pools.dim(1) + c) * cells,
                       cells, to);
    }
  }
  EXPECT_TRUE(AllNear(got, want, 5e-5 * AbsMax(want))) << name;
  ExpectNearStored(SelectRows(stages.at("pool_locs_1"), subset),
                   absl::StrCat("pool_locs_", iteration));
}

TEST_P(Full101Parity, StagesEndToEnd) {
  Stages stages;
  const auto detections =
      detector_->Detect(image_, config_.postprocess(), Into(&stages));
  ASSERT_TRUE(detections.ok()) << detections.status();
  const std::vector<int> shape = golden_->Ints("prepared_shape");
  EXPECT_EQ(SizeToPrepare(image_.height, image_.width, config_.input()).scale,
            golden_->Double(chainercv_ ? "scale_height_f64" : "scale_f64"));
  if (chainercv_) {
    const double width = static_cast<double>(shape[2]) / image_.width;
    EXPECT_EQ(width, golden_->Double("scale_width_f64"));
    EXPECT_EQ(width, golden_->Double("rpn_scale_f64"));
  }
  const Tensor& prepared = stages["prepared"];
  EXPECT_EQ(prepared.shape(), Shape({1, shape[0], shape[1], shape[2]}));
  if (golden_->Has("prepared_ch0")) {
    EXPECT_TRUE(AllNear(prepared.Part(0, {shape[1], shape[2]}),
                        golden_->Get("prepared_ch0"), 5e-5));
  }
  for (const char* name : {"res1", "res2", "res3", "res4", "res5", "rpn_conv1",
                           "psroi_conv1", "h_cls_seg", "h_locs"}) {
    ExpectSlice(stages[name], name);
  }
  for (const char* name : {"rpn_scores", "rpn_locs"}) {
    if (!golden_->Has(name)) continue;
    const Tensor want = golden_->Get(name);
    EXPECT_TRUE(AllNear(stages[name], want, 2e-5 * AbsMax(want))) << name;
  }
  ExpectRois(stages["rois_rpn"], "rois_rpn");
  ExpectRois(stages["rois"], "rois");
  if (chainercv_) ExpectSteadyRois(stages);
  ExpectStatistics(stages);
}

TEST_P(Full101Parity, PoolingOfTheStoredRois) {
  const auto prepared = Prepare(image_, config_.input());
  ASSERT_TRUE(prepared.ok());
  const auto maps = detector_->RunNetwork(*prepared, nullptr);
  ASSERT_TRUE(maps.ok()) << maps.status();
  const std::vector<Box> rois = BoxesFromYxyx(golden_->Get("rois"));
  const int height = static_cast<int>(prepared->dim(1));
  const int width = static_cast<int>(prepared->dim(2));
  const size_t half = rois.size() / 2;
  const char* margins = chainercv_ ? "edge_margin" : "coord_margin";
  EXPECT_EQ(golden_->Get(margins).dim(0) * 1u, rois.size());
  for (const int iteration : {1, 2}) {
    Stages stages;
    const auto some =
        absl::MakeConstSpan(rois).subspan(iteration == 1 ? 0 : half, half);
    ASSERT_TRUE(detector_->head()
                    .Pool(maps->head, some, height, width, false, Into(&stages))
                    .ok());
    ExpectPools(stages, iteration);
  }
  Stages stages;
  ASSERT_TRUE(detector_->head()
                  .Pool(maps->head, rois, height, width, false, Into(&stages))
                  .ok());
  if (golden_->Has("roi_cls_scores")) {
    ExpectNearStored(stages["roi_cls_scores"], "roi_cls_scores");
  }
  ExpectNearStored(stages["roi_cls_locs"], "roi_cls_locs");
  // Two correct float32 networks differ by 1e-6 of the largest logit each, so
  // the difference of two logits by 4e-6 of it; a probability moves by at most
  // a quarter of that.
  EXPECT_TRUE(AllNear(
      SelectRows(stages["mask_prob"], golden_->Ints("mask_prob_subset")),
      golden_->Get("mask_prob"), 1e-6 * AbsMax(stages["roi_seg_scores"])));
}

// 95 of 100 are found: label, score to 1e-3, box to a pixel and, of those in
// mask_rows, the mask to an IoU of 0.99.
void Full101Parity::ExpectDetections(const std::string& prefix,
                                     const PostprocessConfig& options,
                                     const Tensor& masks,
                                     const std::vector<int>& mask_rows) {
  const auto got = detector_->Detect(image_, options);
  ASSERT_TRUE(got.ok()) << got.status();
  const std::vector<Box> boxes = BoxesFromYxyx(golden_->Get(prefix + "/bbox"));
  const std::vector<int> labels = golden_->Ints(prefix + "/label");
  const std::vector<float> scores = golden_->Floats(prefix + "/score");
  const auto same = [&](const Detection& g, size_t d) {
    if (g.label != labels[d] + (chainercv_ ? 1 : 0) ||
        std::abs(g.score - scores[d]) > 1e-3 ||
        std::abs(g.box.x0 - boxes[d].x0) > 1 ||
        std::abs(g.box.y0 - boxes[d].y0) > 1 ||
        std::abs(g.box.x1 - boxes[d].x1) > 1 ||
        std::abs(g.box.y1 - boxes[d].y1) > 1) {
      return false;
    }
    const auto row = std::find(mask_rows.begin(), mask_rows.end(), d);
    return row == mask_rows.end() ||
           PackedMaskIoU(g, masks, row - mask_rows.begin(), image_.height,
                         image_.width, options) > 0.99;
  };
  size_t matched = 0;
  for (size_t d = 0; d < labels.size(); ++d) {
    matched += std::any_of(got->begin(), got->end(),
                           [&](const Detection& g) { return same(g, d); });
  }
  EXPECT_NEAR(got->size(), labels.size(), labels.size() * 0.05) << prefix;
  EXPECT_GE(matched, labels.size() * 0.95) << prefix;
}

TEST_P(Full101Parity, Detections) {
  if (!chainercv_) {
    PostprocessConfig options = config_.postprocess();
    // Masks are stored for det_eval only, whose subset det is.
    ExpectDetections("det", options, Tensor(), {});
    options.set_score_thresh(1e-3);
    const Tensor masks = golden_->Get("det_eval/mask_packed");
    std::vector<int> all(masks.dim(0));
    std::iota(all.begin(), all.end(), 0);
    ExpectDetections("det_eval", options, masks, all);
    return;
  }
  std::map<std::string, PostprocessConfig> presets;
  presets["det_visualize"] = PostprocessFor(config_, Purpose::kShow);
  presets["det_coco_evaluate"] = PostprocessFor(config_, Purpose::kScore);
  PostprocessConfig evaluate = presets["det_coco_evaluate"];
  evaluate.set_min_drop_size(presets["det_visualize"].min_drop_size());
  presets["det_evaluate"] = evaluate;
  for (const auto& [prefix, options] : presets) {
    const bool stored = golden_->Has(prefix + "/mask_rows");
    ExpectDetections(
        prefix, options,
        stored ? golden_->Get(prefix + "/mask_packed") : Tensor(),
        stored ? golden_->Ints(prefix + "/mask_rows") : std::vector<int>());
  }
}

INSTANTIATE_TEST_SUITE_P(
    Backends, Full101Parity,
    ::testing::Combine(::testing::Values(kChainerFcis, "chainercv/full101.npz",
                                         "chainercv/full101_photo.npz"),
                       ::testing::ValuesIn(FastBackends())),
    [](const auto& info) {
      return kernels::BackendTestName(
          absl::StrCat(std::get<0>(info.param), std::get<1>(info.param)));
    });

}  // namespace
}  // namespace fcis::model
