// The arrays of an inspection are those of the fixture: names, shapes, values.
#include "fcis/tools/inspect.h"

#include <map>
#include <string>

#include "fcis/core/config/presets.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/near.h"
#include "fcis/kernels/backend_factory.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using Stages = std::map<std::string, Tensor>;

Stages Inspect(const GoldenFile& golden) {
  ModelConfig config = *Preset("parity_mini");
  config.mutable_postprocess()->set_score_thresh(golden.Float("score_thresh"));
  const auto backend = kernels::MakeBackend("cpu", kernels::Precision::kF32);
  const auto detector = model::Detector::Create(
      model::DeterministicWeights(config, golden.Int("weight_seed")),
      backend->get());
  const auto stages = InspectPicture(
      **detector, ImageFromChw(golden.Get("img")), config.postprocess());
  EXPECT_TRUE(stages.ok()) << stages.status();
  const Stages by_name(stages->begin(), stages->end());
  EXPECT_EQ(by_name.size(), stages->size()) << "a name twice";
  return by_name;
}

TEST(InspectPicture, GivesTheFixturesArrays) {
  const GoldenFile golden("net_mini.npz");
  const Stages got = Inspect(golden);
  for (const char* name : {"img", "H_W", "min_max", "scale_f64", "det/label"}) {
    ASSERT_EQ(got.count(name), 1u) << name;
    EXPECT_TRUE(AllEqual(got.at(name), golden.Get(name))) << name;
  }
  for (const char* name : {"prepared",
                           "res1",
                           "res3",
                           "res4",
                           "res5",
                           "rpn_conv1",
                           "rpn_scores",
                           "rpn_locs",
                           "psroi_conv1",
                           "h_cls_seg",
                           "h_locs",
                           "rois_rpn",
                           "rois",
                           "roi_cls_locs",
                           "roi_cls_scores",
                           "cls_prob",
                           "mask_prob",
                           "pool_cls_seg_1_mean",
                           "pool_cls_seg_2_mean",
                           "pool_locs_1_mean",
                           "pool_locs_2_mean",
                           "det/bbox",
                           "det/score"}) {
    ASSERT_EQ(got.count(name), 1u) << name;
    const Tensor want = golden.Get(name);
    EXPECT_TRUE(AllNear(got.at(name), want, 1e-4 * AbsMax(want))) << name;
  }
  for (const char* name : {"res2", "pool_cls_seg_1", "pool_cls_seg_2",
                           "pool_locs_1", "pool_locs_2", "roi_seg_scores"}) {
    EXPECT_EQ(got.count(name), 1u) << name;
  }
}

TEST(InspectPicture, PacksTheMasksBits) {
  const GoldenFile golden("net_mini.npz");
  const Tensor got = Inspect(golden).at("det/mask_packed");
  const Tensor want = golden.Get("det/mask_packed");
  ASSERT_EQ(got.shape(), want.shape());
  int64_t differing = 0;
  for (int64_t i = 0; i < got.num_elements(); ++i) {
    differing +=
        __builtin_popcount(got.data<uint8_t>()[i] ^ want.data<uint8_t>()[i]);
  }
  EXPECT_LE(differing, 8 * got.num_elements() / 1000);
}

}  // namespace
}  // namespace fcis::tools
