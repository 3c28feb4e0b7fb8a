#include "fcis/core/track/mask_tracker.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kHeight = 100, kWidth = 200;

PastedMask Full(int x0, int y0, int width, int height) {
  PastedMask mask;
  mask.x0 = x0;
  mask.y0 = y0;
  mask.width = width;
  mask.height = height;
  mask.bits.assign(static_cast<size_t>(width) * height, 1);
  return mask;
}

TrackedInstance At(int x, int y, int label = 1, int side = 20) {
  TrackedInstance instance;
  instance.label = label;
  instance.score = 0.5f;
  instance.mask = Full(x, y, side, side);
  instance.box = {static_cast<float>(x), static_cast<float>(y),
                  static_cast<float>(x + side), static_cast<float>(y + side)};
  return instance;
}

std::vector<int> Ids(const std::vector<TrackedInstance>& instances) {
  std::vector<int> ids;
  for (const TrackedInstance& instance : instances) ids.push_back(instance.id);
  return ids;
}

class MaskTrackerTest : public ::testing::Test {
 protected:
  std::vector<int> Observe(int64_t frame, std::vector<TrackedInstance> found) {
    tracker_.Observe(frame, &found);
    return Ids(found);
  }

  MaskTracker tracker_{{0.3, 5}, kHeight, kWidth};
};

TEST(PastedMaskIouTest, SharedPixelsOverThoseOfEither) {
  EXPECT_EQ(PastedMaskIou(Full(0, 0, 4, 4), Full(0, 0, 4, 4)), 1);
  EXPECT_EQ(PastedMaskIou(Full(0, 0, 4, 4), Full(2, 0, 4, 4)), 8.0 / 24);
  EXPECT_EQ(PastedMaskIou(Full(0, 0, 4, 4), Full(4, 0, 4, 4)), 0);
  EXPECT_EQ(PastedMaskIou(PastedMask(), Full(0, 0, 4, 4)), 0);
  // Boxes overlap, pixels do not.
  PastedMask left = Full(0, 0, 2, 1), right = left;
  left.bits = {1, 0};
  right.bits = {0, 1};
  EXPECT_EQ(PastedMaskIou(left, right), 0);
}

TEST(MoveInstanceTest, WhatLeavesTheFrameIsCutOff) {
  TrackedInstance instance = At(0, 0, 1, 2);
  instance.mask.bits = {1, 0, 0, 1};
  const TrackedInstance moved = MoveInstance(instance, -1, 3, 10, 10);
  EXPECT_EQ(moved.mask.x0, 0);
  EXPECT_EQ(moved.mask.y0, 3);
  EXPECT_EQ(moved.mask.width, 1);
  EXPECT_EQ(moved.mask.height, 2);
  EXPECT_THAT(moved.mask.bits, ElementsAre(0, 1));
  EXPECT_EQ(moved.box, (Box{0, 3, 1, 5}));
  EXPECT_EQ(MoveInstance(instance, 20, 0, 10, 10).mask.width, 0);
}

TEST_F(MaskTrackerTest, IdsStayWhateverTheOrder) {
  EXPECT_THAT(Observe(0, {At(10, 10), At(100, 10)}), ElementsAre(1, 2));
  EXPECT_THAT(Observe(1, {At(103, 10), At(13, 10)}), ElementsAre(2, 1));
  EXPECT_THAT(Observe(2, {At(16, 10), At(60, 60), At(106, 10)}),
              ElementsAre(1, 3, 2));
}

TEST_F(MaskTrackerTest, ATrackHasOneClass) {
  EXPECT_THAT(Observe(0, {At(10, 10, 1)}), ElementsAre(1));
  EXPECT_THAT(Observe(1, {At(10, 10, 2)}), ElementsAre(2));
  EXPECT_THAT(Observe(2, {At(10, 10, 1)}), ElementsAre(1));
}

// The best pair goes first; what is left may be below the limit.
TEST_F(MaskTrackerTest, GreedyByIou) {
  EXPECT_THAT(Observe(0, {At(10, 10), At(16, 10)}), ElementsAre(1, 2));
  EXPECT_THAT(Observe(1, {At(17, 10), At(26, 10)}), ElementsAre(2, 3));
}

// Both are as near to the first track; the first found gets it.
TEST_F(MaskTrackerTest, EqualPairsGoByAge) {
  EXPECT_THAT(Observe(0, {At(50, 10)}), ElementsAre(1));
  EXPECT_THAT(Observe(1, {At(48, 10), At(52, 10)}), ElementsAre(1, 2));
}

// Without its velocity the mask would share nothing with the next one.
TEST_F(MaskTrackerTest, AFastObjectIsFollowed) {
  int x = 0, id = 0;
  for (int frame = 0; x < 160; ++frame) {
    const std::vector<int> ids = Observe(frame, {At(x, 10)});
    if (frame == 0) id = ids[0];
    EXPECT_THAT(ids, ElementsAre(id)) << frame;
    x += 4 *
         std::min(frame + 1, 6);  // 4, 8, ... 24 pixels: faster than its side
  }
}

TEST_F(MaskTrackerTest, AgesAreInFrames) {
  EXPECT_THAT(Observe(0, {At(10, 10)}), ElementsAre(1));
  EXPECT_THAT(Observe(1, {}), IsEmpty());
  EXPECT_THAT(Observe(5, {At(10, 10)}), ElementsAre(1));
  EXPECT_THAT(Observe(11, {At(10, 10)}), ElementsAre(2));
}

TEST_F(MaskTrackerTest, AnInstanceWithoutPixelsIsAlwaysNew) {
  TrackedInstance none = At(10, 10);
  none.mask = PastedMask();
  EXPECT_THAT(Observe(0, {none}), ElementsAre(1));
  EXPECT_THAT(Observe(1, {none}), ElementsAre(2));
}

TEST_F(MaskTrackerTest, PredictMovesWhatWasLastSeen) {
  EXPECT_THAT(tracker_.Predict(0), IsEmpty());
  Observe(0, {At(10, 10), At(100, 50)});
  EXPECT_EQ(tracker_.Predict(1)[0].mask.x0, 10);  // no velocity yet
  Observe(2, {At(14, 10)});
  const std::vector<TrackedInstance> next = tracker_.Predict(3);
  ASSERT_EQ(next.size(), 1u);
  EXPECT_EQ(next[0].id, 1);
  EXPECT_EQ(next[0].score, 0.5f);
  EXPECT_EQ(next[0].mask.x0, 16);
  EXPECT_EQ(next[0].box.x0, 16);
  // It leaves the frame at the right.
  EXPECT_EQ(tracker_.Predict(90)[0].mask.width, 10);
  EXPECT_THAT(tracker_.Predict(200), IsEmpty());
}

}  // namespace
}  // namespace fcis
