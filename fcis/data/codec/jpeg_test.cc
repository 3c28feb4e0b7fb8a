#include "fcis/data/codec/jpeg.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/config/limits.h"
#include "fcis/data/codec/orientation.h"
#include "fcis/data/codec/test_pictures.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

TEST(DecodeJpegTest, AgreesWithPil) {
  for (const std::string& name : TestJpegs()) {
    const std::string bytes = TestPictureBytes(name);
    EXPECT_TRUE(IsJpeg(bytes)) << name;
    const absl::StatusOr<Image> image = DecodeJpeg(bytes, kNoLimit);
    ASSERT_TRUE(image.ok()) << name << ": " << image.status();
    EXPECT_EQ(image->height, kTestPictureHeight) << name;
    EXPECT_EQ(image->width, kTestPictureWidth) << name;
    EXPECT_TRUE(image->pixels == PilPixels(name).pixels) << name;
  }
}

// Only the two bytes that say "end of picture" may be missing, and only where
// no further scan can follow.
TEST(DecodeJpegTest, TruncatedIsAnErrorNeverGray) {
  for (const std::string& name : TestJpegs()) {
    const std::string bytes = TestPictureBytes(name);
    const bool progressive = name == "yuv444_progressive.jpg";
    for (size_t size = 0; size < bytes.size(); ++size) {
      const std::string prefix(bytes, 0, size);
      const absl::StatusOr<Image> image = DecodeJpeg(prefix, kNoLimit);
      if (image.ok()) {
        EXPECT_FALSE(progressive) << size;
        EXPECT_GE(size + 2, bytes.size()) << name;
        EXPECT_TRUE(image->pixels == PilPixels(name).pixels) << name;
      } else {
        EXPECT_THAT(image.status().message(), HasSubstr("truncated"));
      }
    }
  }
}

TEST(DecodeJpegTest, CutDataWithAnEndAreAnErrorToo) {
  for (const std::string name : {"yuv420.jpg", "yuv420_restart.jpg"}) {
    std::string bytes = TestPictureBytes(name);
    bytes.resize(bytes.size() - 200);
    absl::StrAppend(&bytes, "\xFF\xD9");
    EXPECT_THAT(DecodeJpeg(bytes, kNoLimit).status().message(),
                HasSubstr("bad JPEG data: "))
        << name;
  }
}

TEST(DecodeJpegTest, BytesBetweenMarkersAreTolerated) {
  std::string bytes = TestPictureBytes("yuv420.jpg");
  bytes.insert(bytes.size() - 2, "\x01\x02");
  const absl::StatusOr<Image> image = DecodeJpeg(bytes, kNoLimit);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_TRUE(image->pixels == PilPixels("yuv420.jpg").pixels);
}

TEST(DecodeJpegTest, CommentsAreSkipped) {
  std::string bytes = TestPictureBytes("yuv420.jpg");
  bytes.insert(2, std::string("\xFF\xFE\0\x07hello", 9));
  const absl::StatusOr<Image> image = DecodeJpeg(bytes, kNoLimit);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_TRUE(image->pixels == PilPixels("yuv420.jpg").pixels);
}

TEST(DecodeJpegTest, AppliesTheExifOrientation) {
  const std::string bytes = TestPictureBytes("yuv420.jpg");
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    std::string exif("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01",
                     24);
    exif += {'\0', static_cast<char>(orientation), 0, 0, 0, 0, 0, 0};
    const std::string segment = std::string("\xFF\xE1\0", 3) +
                                static_cast<char>(exif.size() + 2) + exif;
    const absl::StatusOr<Image> image =
        DecodeJpeg(bytes.substr(0, 2) + segment + bytes.substr(2), kNoLimit);
    ASSERT_TRUE(image.ok()) << image.status();
    const Image expected =
        ApplyOrientation(PilPixels("yuv420.jpg"), orientation);
    EXPECT_EQ(image->height, expected.height);
    EXPECT_EQ(image->width, expected.width);
    EXPECT_TRUE(image->pixels == expected.pixels);
  }
}

// Offset of the height in the frame header.
size_t HeightOffset(const std::string& jpeg) {
  return jpeg.find(std::string("\xFF\xC0\0\x11\x08", 5)) + 5;
}

TEST(DecodeJpegTest, ChecksTheLimitBeforeItAllocates) {
  std::string bytes = TestPictureBytes("yuv420.jpg");
  EXPECT_TRUE(DecodeJpeg(bytes, 37 * 53).ok());
  EXPECT_THAT(DecodeJpeg(bytes, 37 * 53 - 1).status().message(),
              HasSubstr("53x37 pixels are too many"));
  bytes.replace(HeightOffset(bytes), 4, "\xFF\x00\xFF\x00", 4);
  EXPECT_THAT(DecodeJpeg(bytes, 1 << 20).status().message(),
              HasSubstr("65280x65280 pixels are too many"));
}

TEST(DecodeJpegTest, LyingHeaderIsAnError) {
  std::string bytes = TestPictureBytes("yuv420.jpg");
  bytes[HeightOffset(bytes) + 1] = 90;
  EXPECT_FALSE(DecodeJpeg(bytes, kNoLimit).ok());
  bytes.replace(HeightOffset(bytes), 2, "\0\0", 2);
  EXPECT_FALSE(DecodeJpeg(bytes, kNoLimit).ok());
}

TEST(DecodeJpegTest, EndlessScansAreAnError) {
  const std::string bytes = TestPictureBytes("yuv444_progressive.jpg");
  const size_t scan = bytes.find("\xFF\xDA");
  const size_t end = bytes.find("\xFF\xC4", scan);  // the next one's tables
  int scans = 0;
  for (size_t at = scan; at != bytes.npos;
       at = bytes.find("\xFF\xDA", at + 1)) {
    ++scans;
  }
  std::string many = bytes.substr(0, end);
  for (; scans < kMaxJpegScans; ++scans) many += bytes.substr(scan, end - scan);
  EXPECT_TRUE(DecodeJpeg(many + bytes.substr(end), kNoLimit).ok());
  many += bytes.substr(scan, end - scan);
  EXPECT_THAT(DecodeJpeg(many + bytes.substr(end), kNoLimit).status().message(),
              HasSubstr("more than 100 scans"));
}

TEST(DecodeJpegTest, GarbageIsAnError) {
  EXPECT_FALSE(IsJpeg("GIF89a"));
  EXPECT_FALSE(IsJpeg("\xFF\xD8"));
  EXPECT_FALSE(DecodeJpeg("GIF89a", kNoLimit).ok());
  EXPECT_FALSE(DecodeJpeg("\xFF\xD8\xFF\xD8\xFF\xD9", kNoLimit).ok());
}

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
