#include "fcis/data/transform/train_transform.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/tensor/layout.h"
#include "fcis/core/testing/golden.h"
#include "fcis/core/testing/golden_boxes.h"
#include "fcis/core/testing/near.h"
#include "gtest/gtest.h"

namespace fcis {
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

TEST(TransformForTraining, RefusesWhatDoesNotBelongTogether) {
  Instances instances;
  instances.boxes = {{0, 0, 4, 4}};
  EXPECT_FALSE(
      TransformForTraining(Image(8, 8), instances, Config(8, 8), false).ok());
  instances.labels = {1};
  instances.masks = {std::vector<uint8_t>(63)};
  EXPECT_FALSE(
      TransformForTraining(Image(8, 8), instances, Config(8, 8), false).ok());
}

}  // namespace
}  // namespace fcis
