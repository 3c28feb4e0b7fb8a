#include "fcis/eval/coco/compared_mask.h"

#include <vector>

#include "fcis/core/rle/rle_iou.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

TEST(ComparedMaskTest, EqualsMaskIou) {
  // Two have empty runs, at which pycocotools may stop; one is of another size.
  const std::vector<Rle> masks = {
      {4, 4, {0, 5, 1, 4, 6}}, {4, 4, {3, 6, 4, 1}},
      {4, 4, {2, 3, 0, 3}},    {4, 4, {5, 0, 0, 0, 3, 4}},
      {4, 5, {0, 5, 1, 4, 6}}, {4, 4, {0, 5, 11}},
      {4, 4, {15, 1}},         {4, 4, {16}},
      {4, 4, {0, 16}},         {4, 4, {}},
  };
  // Objects keep their places, by which what is known of them is found.
  std::vector<TruthObject> objects;
  for (const Rle& truth : masks) {
    for (const bool crowd : {false, true}) {
      objects.emplace_back();
      objects.back().crowd = crowd;
      objects.back().mask = MeasureMask(truth);
    }
  }
  ComparedMask mask(IouType::kSegm, 0);
  for (const Rle& detection : masks) {
    mask.Renew() = detection;
    for (const TruthObject& object : objects) {
      EXPECT_EQ(mask.Iou(object),
                MaskIou(detection, RleToBbox(detection), object.mask.ToRle(),
                        object.mask.box, object.crowd));
    }
  }
}

// An IoU that cannot reach what it must may be 0; others are what they are.
TEST(ComparedMaskTest, LeavesOutWhatCannotReach) {
  TruthObject object;
  const Rle truth = {4, 4, {0, 8, 8}};
  object.mask = MeasureMask(truth);
  for (const double least : {.1, .3, .5, .6, .8, 1.}) {
    ComparedMask mask(IouType::kSegm, least);
    for (uint32_t begin = 0; begin < 16; ++begin) {
      mask.Renew() = {4, 4, {begin, 16 - begin}};
      const double iou = MaskIou(mask.rle(), RleToBbox(mask.rle()), truth,
                                 object.mask.box, false);
      const double got = mask.Iou(object);
      EXPECT_TRUE(got == iou || (got == 0 && iou < least)) << begin << least;
    }
  }
}

}  // namespace
}  // namespace fcis::eval
