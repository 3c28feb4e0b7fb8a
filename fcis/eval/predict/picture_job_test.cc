#include "fcis/eval/predict/picture_job.h"

#include <string>
#include <vector>

#include "fcis/core/io/file.h"
#include "fcis/data/codec/png.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kAll = 1 << 20;

std::string Message(const PictureJob& job) {
  return std::string(job.status.message());
}

// Finds one instance of each of two classes, which fill the left half.
absl::StatusOr<std::vector<model::Detection>> TwoHalves(
    const Image& image, model::StageTimes* times) {
  times->network = 2;
  std::vector<model::Detection> found(2);
  for (int i = 0; i < 2; ++i) {
    found[i].box = {0, 0, image.width / 2.f, static_cast<float>(image.height)};
    found[i].label = i + 1;
    found[i].score = .5f;
    found[i].mask = Tensor(Shape{2, 2});
    for (int k = 0; k < 4; ++k) found[i].mask.mutable_data<float>()[k] = 1;
  }
  return found;
}

TEST(PictureJobTest, FromAFileToInstances) {
  const std::string path = ::testing::TempDir() + "/a.png";
  ASSERT_TRUE(WriteFileAtomic(path, *data::EncodePng(Image(4, 8))).ok());
  PictureJob job = DetectIn(LoadPicture(path, kAll), path, TwoHalves);
  ASSERT_TRUE(job.status.ok()) << job.status;
  EXPECT_EQ(job.image.width, 8);
  EXPECT_GT(job.read_seconds, 0);
  EXPECT_EQ(job.times.network, 2);
  const std::vector<Instance> kept = PasteInstances(
      job, .5f, [](const model::Detection& found) { return found.label == 2; });
  ASSERT_EQ(kept.size(), 1u);
  const data::ResultEntry entry =
      ResultOf(kept[0], job.image, data::RecordId(int64_t{7}),
               data::RecordId(int64_t{3}));
  EXPECT_EQ(entry.image_id, data::RecordId(int64_t{7}));
  EXPECT_EQ(entry.category_id, data::RecordId(int64_t{3}));
  EXPECT_EQ(entry.score, .5);
  EXPECT_EQ(entry.segmentation.width, 8);
  EXPECT_EQ(RleArea(entry.segmentation), 16u);
  EXPECT_FALSE(entry.bbox);
}

TEST(PictureJobTest, ErrorsNameTheFile) {
  const std::string path = ::testing::TempDir() + "/none.png";
  EXPECT_THAT(Message(LoadPicture(path, kAll)), HasSubstr(path));
  const PictureJob damaged = DecodePicture("no picture", "b.png", kAll);
  EXPECT_THAT(Message(damaged), HasSubstr("b.png: "));
  EXPECT_EQ(DetectIn(damaged, "c.png", TwoHalves).status, damaged.status);
  const std::string png = *data::EncodePng(Image(4, 8));
  EXPECT_FALSE(DecodePicture(png, "b.png", 31).status.ok());
  const PictureJob lost = DetectIn(
      DecodePicture(png, "b.png", 32), "b.png",
      [](const Image&, model::StageTimes*) { return absl::AbortedError("x"); });
  EXPECT_EQ(lost.status, absl::AbortedError("b.png: x"));
}

}  // namespace
}  // namespace fcis::eval
