#include "fcis/data/loader/sample_maker.h"

#include <algorithm>
#include <set>
#include <string>

#include "fcis/core/geometry/pixel_box.h"
#include "fcis/data/loader/test_sets.h"
#include "fcis/data/transform/instances.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

constexpr int kSide = 32;

MemorySet Set() {
  return MemorySet({CoordinatePicture(kSide, 40, 10, {8, 6, 20, 22}),
                    CoordinatePicture(kSide, 40, 20, {2, 2, 12, 10}, 2)});
}

TrainSample Make(const AugmentationConfig& augmentation, int64_t n,
                 uint64_t seed = 1) {
  const MemorySet set = Set();
  auto sample =
      MakeSample(set, 0, PlainInput(kSide), augmentation, {}, seed, n);
  EXPECT_TRUE(sample.ok()) << sample.status();
  return *std::move(sample);
}

AugmentationConfig Nothing() {
  AugmentationConfig augmentation;
  augmentation.set_flip(false);
  return augmentation;
}

AugmentationConfig Flip() { return {}; }

const float* Pixel(const TrainSample& sample, int64_t y, int64_t x) {
  return sample.prepared.data<float>() + (y * sample.prepared.dim(2) + x) * 3;
}

TEST(MakeSample, WithoutAugmentationItIsThePicture) {
  for (int64_t n = 0; n < 5; ++n) {
    const TrainSample sample = Make(Nothing(), n);
    EXPECT_EQ(sample.prepared.shape(), (Shape{1, kSide, 40, 3}));
    EXPECT_EQ(Pixel(sample, 9, 7)[0], 7);
    EXPECT_EQ(sample.instances.boxes, (std::vector<Box>{{8, 6, 20, 22}}));
  }
}

// The object's pixels are those whose coordinates, which the picture shows,
// lie in its box.
TEST(MakeSample, ScaleJitterKeepsMasksOnTheirPixels) {
  AugmentationConfig augmentation = Nothing();
  augmentation.set_scale_jitter_low(.5);
  augmentation.set_scale_jitter_high(2);
  int smaller = 0, magnified = 0;
  for (int64_t n = 0; n < 60; ++n) {
    const TrainSample sample = Make(augmentation, n);
    ASSERT_EQ(sample.instances.size(), 1u);
    const int height = static_cast<int>(sample.prepared.dim(1));
    const int width = static_cast<int>(sample.prepared.dim(2));
    const double step = (Pixel(sample, 5, 6)[0] - Pixel(sample, 5, 5)[0]);
    EXPECT_LE(height, kSide);
    EXPECT_GE(height, kSide / 2);
    if (height < kSide) {
      ++smaller;
      EXPECT_NEAR(sample.scale * step, 1, .07);
    } else {
      ++magnified;
      EXPECT_LE(step, 1.001);
    }
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const float u = Pixel(sample, y, x)[0], v = Pixel(sample, y, x)[1];
        // How far inside the object's edges, in original pixels' centres.
        const float inside =
            std::min(std::min(u - 8, 19 - u), std::min(v - 6, 21 - v));
        const uint8_t mask =
            sample.instances.masks[0][static_cast<size_t>(y * width + x)];
        if (inside > 1.5f) {
          ASSERT_EQ(mask, 1) << n << " " << y << " " << x;
        } else if (inside < -1.5f) {
          ASSERT_EQ(mask, 0) << n << " " << y << " " << x;
        }
      }
    }
    const PixelBox extent =
        MaskExtent(sample.instances.masks[0], height, width);
    const Box& box = sample.instances.boxes[0];
    EXPECT_NEAR(box.x0, static_cast<float>(extent.x0), 1.5);
    EXPECT_NEAR(box.y0, static_cast<float>(extent.y0), 1.5);
    EXPECT_NEAR(box.x1, static_cast<float>(extent.x1), 1.5);
    EXPECT_NEAR(box.y1, static_cast<float>(extent.y1), 1.5);
  }
  EXPECT_GT(smaller, 15);
  EXPECT_GT(magnified, 15);
}

TEST(MakeSample, CopyPasteHappensAsOftenAsAsked) {
  AugmentationConfig augmentation = Nothing();
  augmentation.set_copy_paste(.6);
  int pasted = 0;
  for (int64_t n = 0; n < 200; ++n) {
    const TrainSample sample = Make(augmentation, n);
    for (size_t i = 1; i < sample.instances.size(); ++i) {
      // Of either picture; its blue tells which.
      const PixelBox box = RoundBox(sample.instances.boxes[i]);
      EXPECT_EQ(Pixel(sample, box.y0, box.x0)[2],
                10.f * static_cast<float>(sample.instances.labels[i]));
    }
    if (sample.instances.size() > 1) ++pasted;
  }
  // Each object is pasted half of the time.
  EXPECT_NEAR(pasted, 60, 25);
}

TEST(MakeSample, ChannelsComeInEveryOrder) {
  AugmentationConfig augmentation = Nothing();
  augmentation.set_channel_permutation(true);
  std::set<std::string> orders;
  for (int64_t n = 0; n < 60; ++n) {
    const TrainSample sample = Make(augmentation, n);
    const float* rgb = Pixel(sample, 3, 1);  // of 1, 3, 10
    std::string order;
    for (int c = 0; c < 3; ++c) {
      order += rgb[c] == 1 ? 'r' : rgb[c] == 3 ? 'g' : 'b';
    }
    orders.insert(order);
  }
  EXPECT_EQ(orders.size(), 6u);
}

TEST(MakeSample, OneOptionDoesNotChangeAnothersCourse) {
  AugmentationConfig permuted = Flip();
  permuted.set_channel_permutation(true);
  for (int64_t n = 0; n < 20; ++n) {
    EXPECT_EQ(Make(Flip(), n).instances.boxes,
              Make(permuted, n).instances.boxes);
  }
}

TEST(MakeSample, SeedsDiffer) {
  int differ = 0;
  for (int64_t n = 0; n < 40; ++n) {
    if (!(Make(Flip(), n, 1).instances.boxes ==
          Make(Flip(), n, 2).instances.boxes)) {
      ++differ;
    }
  }
  EXPECT_NEAR(differ, 20, 12);
}

}  // namespace
}  // namespace fcis::data
