#include "fcis/data/video/yuv.h"

#include <cstring>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;

VideoFormat Format(int width, int height, const std::string& rest) {
  const auto format =
      ParseVideoHeader("YUV4MPEG2 W" + std::to_string(width) + " H" +
                           std::to_string(height) + " " + rest,
                       1 << 24);
  EXPECT_TRUE(format.ok()) << format.status();
  return *format;
}

// All samples of each plane alike; of more than 8 bits in two bytes.
std::string Flat(const VideoFormat& format, int y, int u, int v) {
  std::vector<int> samples(static_cast<size_t>(format.width) * format.height,
                           y);
  if (format.chroma != Chroma::kMono) {
    const size_t n =
        static_cast<size_t>(format.chroma_width()) * format.chroma_height();
    samples.insert(samples.end(), n, u);
    samples.insert(samples.end(), n, v);
  }
  std::string bytes;
  for (int sample : samples) {
    bytes.push_back(static_cast<char>(sample & 255));
    if (format.bits > 8) bytes.push_back(static_cast<char>(sample >> 8));
  }
  EXPECT_EQ(bytes.size(), format.frame_bytes());
  return bytes;
}

std::vector<int> FirstPixel(const Image& image) {
  return {image.pixels[0], image.pixels[1], image.pixels[2]};
}

std::vector<int> ColorOf(const VideoFormat& format, int y, int u, int v) {
  const Image image = FrameImage(format, Flat(format, y, u, v));
  EXPECT_EQ(image.width, format.width);
  EXPECT_EQ(image.height, format.height);
  for (size_t i = 3; i < image.pixels.size(); ++i) {
    EXPECT_EQ(image.pixels[i], image.pixels[i - 3]);
  }
  return FirstPixel(image);
}

// Of the standards' tables of colour bars.
TEST(FrameImageTest, Bt601) {
  const VideoFormat format = Format(4, 4, "C420jpeg");
  EXPECT_THAT(ColorOf(format, 16, 128, 128), ElementsAre(0, 0, 0));
  EXPECT_THAT(ColorOf(format, 235, 128, 128), ElementsAre(255, 255, 255));
  EXPECT_THAT(ColorOf(format, 81, 90, 240), ElementsAre(254, 0, 0));
  EXPECT_THAT(ColorOf(format, 145, 54, 34), ElementsAre(0, 255, 1));
  EXPECT_THAT(ColorOf(format, 41, 240, 110), ElementsAre(0, 0, 255));
}

TEST(FrameImageTest, Bt709AndTenBits) {
  const VideoFormat format = Format(1280, 2, "C422p10");
  EXPECT_THAT(ColorOf(format, 64, 512, 512), ElementsAre(0, 0, 0));
  EXPECT_THAT(ColorOf(format, 940, 512, 512), ElementsAre(255, 255, 255));
  EXPECT_THAT(ColorOf(format, 250, 409, 960), ElementsAre(255, 0, 0));
  EXPECT_THAT(ColorOf(format, 691, 167, 105), ElementsAre(0, 255, 0));
  EXPECT_THAT(ColorOf(format, 127, 960, 471), ElementsAre(0, 0, 255));
}

TEST(FrameImageTest, FullRange) {
  const VideoFormat format = Format(3, 3, "C444 XCOLORRANGE=FULL");
  EXPECT_THAT(ColorOf(format, 0, 128, 128), ElementsAre(0, 0, 0));
  EXPECT_THAT(ColorOf(format, 77, 128, 128), ElementsAre(77, 77, 77));
  EXPECT_THAT(ColorOf(format, 76, 85, 255), ElementsAre(254, 0, 0));
}

TEST(FrameImageTest, GrayAndValuesOutOfRange) {
  EXPECT_THAT(ColorOf(Format(3, 1, "Cmono"), 126, 0, 0),
              ElementsAre(128, 128, 128));
  EXPECT_THAT(ColorOf(Format(3, 1, "Cmono"), 255, 0, 0),
              ElementsAre(255, 255, 255));
  EXPECT_THAT(ColorOf(Format(3, 1, "Cmono10"), 65535, 0, 0),
              ElementsAre(255, 255, 255));
}

// Each pixel has the chroma of its block, also at odd borders.
TEST(FrameImageTest, ChromaIsThatOfTheBlock) {
  const VideoFormat format = Format(3, 3, "C420 XCOLORRANGE=FULL");
  std::string planes = Flat(format, 100, 128, 128);
  planes[9 + 1] = static_cast<char>(200);  // Cb of the column at the right
  const Image image = FrameImage(format, planes);
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 3; ++x) {
      const bool is_blue = image.row(y)[3 * x + 2] > 150;
      EXPECT_EQ(is_blue, x == 2 && y < 2) << x << "," << y;
    }
  }
}

class PutDrawnTest : public ::testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Formats, PutDrawnTest,
                         ::testing::Values("C420jpeg", "C422", "C444", "Cmono",
                                           "C420p10",
                                           "C444p10 XCOLORRANGE=FULL",
                                           "Cmono12", "C422p16"));

// Noise of the whole range, which no picture of 8 bits can hold.
std::string Noise(const VideoFormat& format) {
  std::string planes(format.frame_bytes(), '\0');
  uint32_t state = 1;
  for (size_t i = 0; i < planes.size(); ++i) {
    state = state * 1664525 + 1013904223;
    uint32_t byte = state >> 24;
    if (format.bits > 8 && i % 2 == 1) byte &= (1 << (format.bits - 8)) - 1;
    planes[i] = static_cast<char>(byte);
  }
  return planes;
}

TEST_P(PutDrawnTest, NothingDrawnChangesNoBit) {
  const VideoFormat format = Format(7, 5, GetParam());
  const std::string planes = Noise(format);
  std::string after = planes;
  const Image image = FrameImage(format, planes);
  PutDrawn(format, image, image, &after);
  EXPECT_EQ(after, planes);
}

// Draws one pixel at every place.
TEST_P(PutDrawnTest, OnlyTheSamplesOfDrawnPixelsChange) {
  const VideoFormat format = Format(7, 5, GetParam());
  const std::string planes = Noise(format);
  const Image before = FrameImage(format, planes);
  const size_t bytes = format.sample_bytes();
  for (int y = 0; y < format.height; ++y) {
    for (int x = 0; x < format.width; ++x) {
      Image after = before;
      for (int c = 0; c < 3; ++c) after.row(y)[3 * x + c] ^= 0x80;
      std::string drawn = planes;
      PutDrawn(format, before, after, &drawn);
      const size_t luma = static_cast<size_t>(y) * format.width + x;
      const size_t pixels = static_cast<size_t>(format.width) * format.height;
      const size_t chroma = static_cast<size_t>(y >> format.chroma_shift_y()) *
                                format.chroma_width() +
                            (x >> format.chroma_shift_x());
      const size_t plane =
          static_cast<size_t>(format.chroma_width()) * format.chroma_height();
      for (size_t i = 0; i < planes.size(); ++i) {
        const size_t sample = i / bytes;
        const bool may_change = sample == luma || sample == pixels + chroma ||
                                sample == pixels + plane + chroma;
        ASSERT_TRUE(may_change || drawn[i] == planes[i]) << i;
      }
      EXPECT_NE(drawn, planes);
    }
  }
}

// What covers whole blocks shows as it was drawn.
TEST_P(PutDrawnTest, DrawnColorsComeBack) {
  const VideoFormat format = Format(8, 6, GetParam());
  std::string planes = Noise(format);
  const Image before = FrameImage(format, planes);
  Image after = before;
  const uint8_t color[] = {200, 90, 30};
  for (int y = 2; y < 6; ++y) {
    for (int x = 2; x < 6; ++x) std::memcpy(after.row(y) + 3 * x, color, 3);
  }
  PutDrawn(format, before, after, &planes);
  const Image shown = FrameImage(format, planes);
  const bool is_gray = format.chroma == Chroma::kMono;
  const int luma = (299 * 200 + 587 * 90 + 114 * 30) / 1000;
  for (int y = 2; y < 6; ++y) {
    for (int x = 2; x < 6; ++x) {
      for (int c = 0; c < 3; ++c) {
        EXPECT_NEAR(shown.row(y)[3 * x + c], is_gray ? luma : color[c], 2);
      }
    }
  }
}

}  // namespace
}  // namespace fcis::data
