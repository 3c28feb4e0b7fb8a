#include "fcis/data/loader/scene_set.h"

#include <algorithm>

#include "fcis/data/synth/scene.h"
#include "fcis/data/synth/shape.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(SceneSet, IsTheSceneWithItsMasksAndTightBoxes) {
  const SceneSet set(3, 5, 64, 80);
  EXPECT_EQ(set.size(), 5);
  EXPECT_FALSE(set.IsPortrait(0));
  EXPECT_EQ(set.ImageId(4), "scene 4 of seed 3");
  ASSERT_EQ(set.class_names().size(), 8u);
  EXPECT_EQ(set.class_names()[2], kShapeNames[2]);

  const auto got = set.Get(4);
  ASSERT_TRUE(got.ok()) << got.status();
  const Scene scene = PaintScene(64, 80, 3, 4);
  EXPECT_EQ(got->image.pixels, scene.image.pixels);
  ASSERT_EQ(got->instances.size(), scene.objects.size());
  for (size_t i = 0; i < scene.objects.size(); ++i) {
    EXPECT_EQ(got->instances.labels[i], scene.objects[i].label + 1);
    Box tight{80, 64, 0, 0};
    uint32_t area = 0;
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 80; ++x) {
        if (got->instances.masks[i][static_cast<size_t>(y * 80 + x)] == 0) {
          continue;
        }
        ++area;
        tight = {std::min<float>(tight.x0, x), std::min<float>(tight.y0, y),
                 std::max<float>(tight.x1, x + 1),
                 std::max<float>(tight.y1, y + 1)};
      }
    }
    EXPECT_EQ(got->instances.boxes[i], tight);
    EXPECT_EQ(area, RleArea(scene.objects[i].mask));
  }
}

}  // namespace
}  // namespace fcis::data
