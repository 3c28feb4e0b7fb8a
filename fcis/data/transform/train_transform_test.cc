#include "fcis/data/transform/train_transform.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/geometry/pixel_box.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "fcis/data/transform/instances.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

InputConfig Config(int min_size, int max_size) {
  InputConfig config;
  config.set_min_size(min_size);
  config.set_max_size(max_size);
  for (const float mean : {123.15f, 115.90f, 103.06f}) config.add_mean(mean);
  return config;
}

TEST(TransformForTraining, IsTheReferences) {
  const GoldenFile golden("prepare.npz");
  int cases = 0;
  for (; golden.Has(absl::StrCat("tt", cases, "/img")); ++cases) {
    SCOPED_TRACE(cases);
    const auto get = [&](const char* s) {
      return golden.Get(absl::StrCat("tt", cases, "/", s));
    };
    const Image image = ImageFromChw(get("img"));
    const Tensor masks = get("mask");
    Instances instances;
    instances.boxes = BoxesFromYxyx(get("bbox"));
    instances.labels = golden.Ints(absl::StrCat("tt", cases, "/label"));
    const int64_t pixels = masks.dim(1) * masks.dim(2);
    for (int64_t m = 0; m < masks.dim(0); ++m) {
      const uint8_t* bits = masks.data<uint8_t>() + m * pixels;
      instances.masks.emplace_back(bits, bits + pixels);
    }
    const std::vector<int> p =
        golden.Ints(absl::StrCat("tt", cases, "/min_max_flip"));
    const auto got =
        TransformForTraining(image, instances, Config(p[0], p[1]), p[2] != 0);
    ASSERT_TRUE(got.ok()) << got.status();
    Tensor want = get("out_img");
    want = want.Reshaped({1, want.dim(0), want.dim(1), want.dim(2)});
    EXPECT_TRUE(AllNear(NhwcToNchw(got->prepared), want, 5e-5));
    EXPECT_TRUE(
        AllNear(YxyxFromBoxes(got->instances.boxes), get("out_bbox"), 1e-4));
    EXPECT_EQ(got->instances.labels,
              golden.Ints(absl::StrCat("tt", cases, "/out_label")));
    const Tensor out_masks = get("out_mask");
    Tensor got_masks(out_masks.shape(), DType::kU8);
    uint8_t* to = got_masks.mutable_data<uint8_t>();
    for (const auto& mask : got->instances.masks) {
      to = std::copy(mask.begin(), mask.end(), to);
    }
    EXPECT_TRUE(AllEqual(got_masks, out_masks));
  }
  EXPECT_GT(cases, 0);
}

// Boxes are made of the masks, whose floats are kept.
TEST(TransformForTraining, IsChainercvs) {
  const GoldenFile golden("chainercv/targets.npz");
  const int cases = golden.Int("n_transforms");
  ASSERT_GT(cases, 0);
  for (int i = 0; i < cases; ++i) {
    SCOPED_TRACE(i);
    const std::string at = absl::StrCat("tr", i, "/");
    const Image image = ImageFromChw(golden.Get(at + "img"));
    const std::vector<int> size = golden.Ints(at + "H_W");
    ASSERT_EQ(image.height, size[0]);
    ASSERT_EQ(image.width, size[1]);
    const Tensor packed = golden.Get(at + "mask_packed");
    const std::vector<Box> extents =
        BoxesFromYxyx(golden.Get(at + "bbox_orig"));
    Instances instances;
    for (int64_t m = 0; m < packed.dim(0); ++m) {
      const uint8_t* row = packed.data<uint8_t>() + m * packed.dim(1);
      std::vector<uint8_t> mask(image.pixels.size() / 3);
      for (size_t k = 0; k < mask.size(); ++k) {
        mask[k] = row[k / 8] >> (7 - k % 8) & 1;
      }
      EXPECT_EQ(ToBox(MaskExtent(mask, image.height, image.width)), extents[m]);
      // Not the annotation's box.
      instances.Add({1, 1, 2, 2}, 1, mask);
    }
    const std::vector<int> sides = golden.Ints(at + "min_max");
    GroundTruthConfig rules;
    rules.set_boxes_of_masks(true);
    rules.set_smooth_masks(true);
    const auto got =
        TransformForTraining(image, instances, Config(sides[0], sides[1]),
                             golden.Int(at + "flip") != 0, rules);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->scale, golden.Double(at + "scale_f64"));
    EXPECT_TRUE(AllNear(YxyxFromBoxes(got->instances.boxes),
                        golden.Get(at + "bbox"), 1e-4));
    const Tensor red = golden.Get(at + "prepared_ch0");
    const Tensor chw = NhwcToNchw(got->prepared);
    EXPECT_TRUE(AllNear(chw.Part(0, red.shape()), red, 5e-5));
    const Tensor masks = golden.Get(at + "mask");
    ASSERT_EQ(static_cast<int64_t>(got->smooth_masks.size()), masks.dim(0));
    for (int64_t m = 0; m < masks.dim(0); ++m) {
      EXPECT_TRUE(
          AllNear(Tensor::FromSpan<float>(red.shape(), got->smooth_masks[m]),
                  RowOf(masks, m), 2e-6));
      EXPECT_TRUE(got->instances.masks[m].empty());
    }
  }
}

}  // namespace
}  // namespace fcis::data
