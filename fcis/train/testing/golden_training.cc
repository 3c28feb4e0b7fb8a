#include "fcis/train/testing/golden_training.h"

#include "fcis/core/config/presets.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/data/transform/mask_extent.h"
#include "fcis/model/testing/golden_config.h"
#include "fcis/train/config/recipes.h"
#include "fcis/train/config/train_options.h"
#include "gtest/gtest.h"

namespace fcis {

std::vector<std::vector<uint8_t>> UnpackMasks(const Tensor& packed,
                                              int64_t pixels) {
  std::vector<std::vector<uint8_t>> masks;
  for (int64_t m = 0; m < packed.dim(0); ++m) {
    const uint8_t* row = packed.data<uint8_t>() + m * packed.dim(1);
    std::vector<uint8_t> mask(pixels);
    for (int64_t i = 0; i < pixels; ++i) {
      mask[i] = row[i / 8] >> (7 - i % 8) & 1;
    }
    masks.push_back(mask);
  }
  return masks;
}

Tensor DeltaRows(const std::vector<BoxDelta>& deltas) {
  Tensor t(Shape{static_cast<int64_t>(deltas.size()), 4});
  float* v = t.mutable_data<float>();
  for (const BoxDelta& d : deltas) {
    for (const float c : {d.dy, d.dx, d.dh, d.dw}) *v++ = c;
  }
  return t;
}

ChainercvTraining ReadChainercvTraining(const GoldenFile& golden) {
  const TrainConfig recipe = *Recipe("chainercv");
  ChainercvTraining t;
  t.config = GoldenConfig(golden);
  EXPECT_TRUE(SetChainercvRules(&t.config).ok());
  t.loss = LossOptionsOf(recipe.loss(), t.config);
  t.loss.anchors.n_sample = golden.Int("anchor_n_sample");
  t.loss.proposals.n_sample = golden.Int("n_sample");
  EXPECT_EQ(t.loss.proposals.bg_iou_thresh_lo,
            golden.Float("neg_iou_thresh_lo"));
  t.optimizer = OptimizerOptionsOf(recipe);

  const Image image = ImageFromChw(golden.Get("img"));
  const std::vector<int> size = golden.Ints("H_W");
  EXPECT_EQ(image.height, size[0]);
  EXPECT_EQ(image.width, size[1]);
  Instances instances;
  instances.masks = UnpackMasks(golden.Get("mask_orig_packed"),
                                int64_t{image.height} * image.width);
  for (const int label : golden.Ints("gt_label")) {
    instances.labels.push_back(label + 1);
  }
  // Boxes are made of the masks.
  instances.boxes.resize(instances.labels.size());
  std::vector<Box> extents;
  for (const auto& mask : instances.masks) {
    extents.push_back(ToBox(MaskExtent(mask, image.height, image.width)));
  }
  EXPECT_EQ(extents, BoxesFromYxyx(golden.Get("gt_bbox_orig")));
  t.sample = *TransformForTraining(image, instances, t.config.input(), false,
                                   AugmentationOf(recipe).truth);
  return t;
}

}  // namespace fcis
