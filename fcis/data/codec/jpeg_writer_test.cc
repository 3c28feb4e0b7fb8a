#include "fcis/data/codec/jpeg_writer.h"

#include <cmath>
#include <cstdlib>

#include "fcis/data/codec/jpeg.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

constexpr int64_t kNoLimit = int64_t{1} << 40;

Image Waves(int height, int width) {
  Image image(height, width);
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    image.pixels[i] = static_cast<uint8_t>(
        128 + 100 * std::sin(static_cast<double>(i / 3) * .01));
  }
  return image;
}

// The largest difference of a pixel after writing and reading.
int Loss(const Image& image, int quality) {
  const absl::StatusOr<std::string> bytes = EncodeJpeg(image, quality);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  const absl::StatusOr<Image> read = DecodeJpeg(*bytes, kNoLimit);
  EXPECT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->height, image.height);
  EXPECT_EQ(read->width, image.width);
  int loss = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    loss = std::max(loss, std::abs(image.pixels[i] - read->pixels[i]));
  }
  return loss;
}

TEST(EncodeJpegTest, ReadsBackNearlyTheSame) {
  // Gray waves lose nothing to the coarser colours; at 100 only rounding is
  // left, of the transform and of two colour conversions.
  EXPECT_LE(Loss(Waves(33, 70), 100), 3);
  EXPECT_GT(Loss(Waves(33, 70), 5), 3);
}

TEST(EncodeJpegTest, ImpossibleSizesAreErrors) {
  EXPECT_FALSE(EncodeJpeg(Image(), 90).ok());
  EXPECT_FALSE(EncodeJpeg(Image(1, 70000), 90).ok());
}

}  // namespace
}  // namespace fcis::data
