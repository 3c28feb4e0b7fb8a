#include "fcis/train/testing/golden_training.h"

#include <algorithm>
#include <cmath>

#include "fcis/core/config/presets.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/data/transform/instances.h"
#include "fcis/model/testing/golden_config.h"
#include "fcis/train/config/recipes.h"
#include "gtest/gtest.h"

namespace fcis::train {
namespace {

// By corners that are off by `corner` pixels, the size h of a RoI is off by 2
// corner to first order and its centre by corner, so that (g - c) / h is off by
// corner / h + |(g - c) / h| 2 corner / h, and log(g / h) by 2 corner / h; both
// are divided by the delta's std.
Tensor DeltaLimits(const Tensor& rois, const Tensor& deltas, double corner,
                   const BoxDelta& std) {
  Tensor limits(deltas.shape());
  for (int64_t i = 0; i < deltas.num_elements(); ++i) {
    const int64_t row = i / 4 * 4;
    const int axis = i % 2;  // dy, dx, dh, dw
    const float* roi = rois.data<float>() + row;
    const double side = roi[axis + 2] - roi[axis];
    const double by = i % 4 < 2 ? std.dy : std.dh;
    const double shift = std::abs(deltas.data<float>()[i]) * by;
    limits.mutable_data<float>()[i] =
        1e-3 + 2 * corner * (1 + shift) / (side * by);
  }
  return limits;
}

Tensor Quotient(const Tensor& t, const Tensor& by) {
  Tensor y = t.Clone();
  for (int64_t i = 0; i < y.num_elements(); ++i) {
    y.mutable_data<float>()[i] /= by.data<float>()[i];
  }
  return y;
}

double MaxDifference(const Tensor& a, const Tensor& b) {
  double most = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    most = std::max<double>(most,
                            std::abs(a.data<float>()[i] - b.data<float>()[i]));
  }
  return most;
}

}  // namespace

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

::testing::AssertionResult DeltasNear(const Tensor& deltas, const Tensor& want,
                                      const Tensor& rois,
                                      const Tensor& want_rois,
                                      const BoxDelta& std) {
  const Tensor limits =
      DeltaLimits(want_rois, want, MaxDifference(rois, want_rois), std);
  return AllNear(Quotient(deltas, limits), Quotient(want, limits), 1);
}

ChainercvTraining ReadChainercvTraining(const GoldenFile& golden) {
  ChainercvTraining t;
  t.recipe = *Recipe("chainercv");
  t.config = model::GoldenConfig(golden);
  EXPECT_TRUE(SetChainercvRules(&t.config).ok());
  LossConfig& loss = *t.recipe.mutable_loss();
  loss.set_anchor_samples(golden.Int("anchor_n_sample"));
  loss.set_roi_samples(golden.Int("n_sample"));
  EXPECT_EQ(static_cast<float>(loss.background_iou_low()),
            golden.Float("neg_iou_thresh_lo"));

  const Image image = ImageFromChw(golden.Get("img"));
  const std::vector<int> size = golden.Ints("H_W");
  EXPECT_EQ(image.height, size[0]);
  EXPECT_EQ(image.width, size[1]);
  data::Instances instances;
  instances.masks = UnpackMasks(golden.Get("mask_orig_packed"),
                                int64_t{image.height} * image.width);
  for (const int label : golden.Ints("gt_label")) {
    instances.labels.push_back(label + 1);
  }
  // Boxes are made of the masks.
  instances.boxes.resize(instances.labels.size());
  std::vector<Box> extents;
  for (const auto& mask : instances.masks) {
    extents.push_back(ToBox(data::MaskExtent(mask, image.height, image.width)));
  }
  EXPECT_EQ(extents, BoxesFromYxyx(golden.Get("gt_bbox_orig")));
  t.sample = *data::TransformForTraining(image, instances, t.config.input(),
                                         false, t.recipe.ground_truth());
  return t;
}

}  // namespace fcis::train
