#include "fcis/data/video/video_format.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int64_t kMaxPixels = 1000000;

VideoFormat Parse(const std::string& line) {
  const absl::StatusOr<VideoFormat> format =
      ParseVideoHeader("YUV4MPEG2 " + line, kMaxPixels);
  EXPECT_TRUE(format.ok()) << line << ": " << format.status();
  return format.value_or(VideoFormat());
}

std::string ErrorOf(const std::string& line, int64_t max_pixels = kMaxPixels) {
  return std::string(ParseVideoHeader(line, max_pixels).status().message());
}

TEST(VideoFormatTest, WhatFfmpegWrites) {
  const VideoFormat format = Parse(
      "W352 H288 F30000:1001 Ip A128:117 C420mpeg2 XYSCSS=420MPEG2 "
      "XCOLORRANGE=LIMITED");
  EXPECT_EQ(format.width, 352);
  EXPECT_EQ(format.height, 288);
  EXPECT_EQ(format.chroma, Chroma::k420);
  EXPECT_EQ(format.bits, 8);
  EXPECT_FALSE(format.full_range);
  EXPECT_DOUBLE_EQ(format.rate, 30000.0 / 1001);
  EXPECT_EQ(format.frame_bytes(), 352u * 288 * 3 / 2);
  EXPECT_DOUBLE_EQ(*format.TimeOf(30), 1.001);
  EXPECT_THAT(format.header, HasSubstr("A128:117"));
}

TEST(VideoFormatTest, WithoutAWordItIs420AndTheRateUnknown) {
  const VideoFormat format = Parse("W2 H2");
  EXPECT_EQ(format.chroma, Chroma::k420);
  EXPECT_EQ(format.bits, 8);
  EXPECT_EQ(format.TimeOf(5), std::nullopt);
  EXPECT_EQ(Parse("W2 H2 F0:0").TimeOf(5), std::nullopt);
}

TEST(VideoFormatTest, Samples) {
  const struct {
    const char* tag;
    Chroma chroma;
    int bits;
    size_t bytes;  // of 5 x 3 pixels
  } kCases[] = {
      {"C420", Chroma::k420, 8, 15 + 2 * 6},
      {"C420jpeg", Chroma::k420, 8, 15 + 2 * 6},
      {"C420paldv", Chroma::k420, 8, 15 + 2 * 6},
      {"C422", Chroma::k422, 8, 15 + 2 * 9},
      {"C444", Chroma::k444, 8, 45},
      {"Cmono", Chroma::kMono, 8, 15},
      {"C420p10", Chroma::k420, 10, 2 * 27},
      {"C422p12", Chroma::k422, 12, 2 * 33},
      {"C444p10", Chroma::k444, 10, 2 * 45},
      {"C444p16", Chroma::k444, 16, 2 * 45},
      {"Cmono10", Chroma::kMono, 10, 2 * 15},
  };
  for (const auto& one : kCases) {
    const VideoFormat format = Parse(std::string("W5 H3 ") + one.tag);
    EXPECT_EQ(format.chroma, one.chroma) << one.tag;
    EXPECT_EQ(format.bits, one.bits) << one.tag;
    EXPECT_EQ(format.frame_bytes(), one.bytes) << one.tag;
  }
}

TEST(VideoFormatTest, RangeAndMatrix) {
  EXPECT_TRUE(Parse("W2 H2 XCOLORRANGE=FULL").full_range);
  EXPECT_FALSE(Parse("W2 H2 C420jpeg").full_range);
  EXPECT_FALSE(Parse("W720 H576").is_bt709());
  EXPECT_TRUE(Parse("W720 H577").is_bt709());
  EXPECT_TRUE(Parse("W1280 H2").is_bt709());
}

TEST(VideoFormatTest, WhatIsRefused) {
  EXPECT_THAT(ErrorOf("P5 W2 H2"), HasSubstr("YUV4MPEG2"));
  for (const char* tag : {"It", "Ib", "Im"}) {
    EXPECT_THAT(
        ErrorOf(std::string("YUV4MPEG2 W2 H2 ") + tag),
        AllOf(HasSubstr(tag), HasSubstr("interlaced"), HasSubstr("yadif")));
  }
  for (const char* tag : {"C411", "C444alpha", "C420p7", "C420p17", "C420p",
                          "C422jpeg", "Cmonop10", "C", "C420p10x"}) {
    EXPECT_THAT(ErrorOf(std::string("YUV4MPEG2 W2 H2 ") + tag),
                AllOf(HasSubstr(std::string("says ") + tag + ","),
                      HasSubstr("-pix_fmt yuv420p")));
  }
  EXPECT_THAT(ErrorOf("YUV4MPEG2 Wide H2"), HasSubstr("Wide"));
  EXPECT_THAT(ErrorOf("YUV4MPEG2 W2 H2 F30"), HasSubstr("F30"));
  EXPECT_THAT(ErrorOf("YUV4MPEG2 W2 H2 Q"), HasSubstr("says Q"));
}

TEST(VideoFormatTest, Sizes) {
  EXPECT_THAT(ErrorOf("YUV4MPEG2 W2"), HasSubstr("2x0 pixels"));
  EXPECT_THAT(ErrorOf("YUV4MPEG2 W-2 H2"), HasSubstr("W-2"));
  EXPECT_THAT(ErrorOf("YUV4MPEG2 W4000000000 H4000000000"),
              HasSubstr("4000000000x4000000000"));
  EXPECT_THAT(ErrorOf("YUV4MPEG2 W10 H10", 99), HasSubstr("at most 99"));
  EXPECT_EQ(ErrorOf("YUV4MPEG2 W10 H10", 100), "");
}

}  // namespace
}  // namespace fcis::data
