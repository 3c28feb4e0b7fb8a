#include "fcis/data/synth/scene_dataset.h"

#include <string>

#include "fcis/core/io/file.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/synth/scene.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

TEST(WriteSceneDatasetTest, WritesPicturesAndAnnotations) {
  const std::string directory = testing::TempDir() + "/scenes";
  SceneDatasetOptions options;
  options.images = 3;
  options.height = 64;
  options.width = 80;
  options.seed = 5;
  int64_t most = 0;
  ASSERT_TRUE(WriteSceneDataset(directory, options, [&](int64_t done) {
                most = std::max(most, done);
              }).ok());
  EXPECT_EQ(most, 3);
  const auto dataset = ReadCocoDataset(directory + "/annotations.json");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->categories.size(), 8u);
  ASSERT_EQ(dataset->images.size(), 3u);
  size_t objects = 0;
  for (uint64_t i = 0; i < 3; ++i) {
    const Scene scene = PaintScene(64, 80, 5, i);
    objects += scene.objects.size();
    const auto bytes =
        ReadFile(directory + "/images/" + dataset->images[i].file_name);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const auto image = DecodeJpeg(*bytes, 1 << 20);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_EQ(image->height, 64);
    EXPECT_EQ(image->width, 80);
  }
  EXPECT_EQ(dataset->annotations.size(), objects);
}

TEST(WriteSceneDatasetTest, AnUnwritableDirectoryIsAnError) {
  SceneDatasetOptions options;
  options.images = 1;
  const absl::Status status =
      WriteSceneDataset("/proc/nowhere", options, [](int64_t) {});
  EXPECT_NE(std::string(status.message()).find("/proc/nowhere/images"),
            std::string::npos);
}

}  // namespace
}  // namespace fcis::data
