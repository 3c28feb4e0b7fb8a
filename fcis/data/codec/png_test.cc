#include "fcis/data/codec/png.h"

#include <zlib.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/base/peak_memory.h"
#include "fcis/data/codec/allocate_image.h"
#include "fcis/data/codec/image_reader.h"
#include "fcis/data/codec/test_pictures.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(value >> shift));
  }
  return bytes;
}

std::string Chunk(const std::string& name, const std::string& data) {
  const std::string body = name + data;
  const uLong sum =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), body.size());
  return absl::StrCat(BigEndian(data.size()), body, BigEndian(sum));
}

TEST(DecodePngTest, AgreesWithPil) {
  for (const std::string& name : TestPngs()) {
    const std::string bytes = TestPictureBytes(name);
    EXPECT_TRUE(IsPng(bytes)) << name;
    const absl::StatusOr<Image> image = DecodePng(bytes, kNoLimit);
    ASSERT_TRUE(image.ok()) << name << ": " << image.status();
    EXPECT_EQ(image->height, kTestPictureHeight) << name;
    EXPECT_EQ(image->width, kTestPictureWidth) << name;
    EXPECT_TRUE(image->pixels == PilPixels(name).pixels) << name;
  }
}

TEST(DecodePngTest, TruncatedIsAnError) {
  for (const std::string& name : TestPngs()) {
    const std::string bytes = TestPictureBytes(name);
    for (size_t size = 0; size < bytes.size(); size += 7) {
      const std::string prefix(bytes, 0, size);
      EXPECT_THAT(DecodePng(prefix, kNoLimit).status().message(),
                  HasSubstr("truncated"))
          << name << " " << size;
    }
  }
}

TEST(DecodePngTest, DamagedDataAreAnError) {
  std::string bytes = TestPictureBytes("rgb8.png");
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_THAT(DecodePng(bytes, kNoLimit).status().message(),
              HasSubstr("bad PNG data: "));
  bytes = TestPictureBytes("rgb8.png");
  bytes[20] ^= 1;  // the width, against its check sum
  EXPECT_FALSE(DecodePng(bytes, kNoLimit).ok());
  EXPECT_FALSE(DecodePng("GIF89a", kNoLimit).ok());
  EXPECT_FALSE(IsPng("\x89PNG"));
}

TEST(DecodePngTest, ChecksTheLimitBeforeItAllocates) {
  std::string bytes = TestPictureBytes("rgb8.png");
  EXPECT_TRUE(DecodePng(bytes, 37 * 53).ok());
  EXPECT_THAT(DecodePng(bytes, 37 * 53 - 1).status().message(),
              HasSubstr("53x37 pixels are too many"));
  // 2,000,000,000 pixels each way, with the check sum of that.
  bytes.replace(16, 8, "\x77\x35\x94\x00\x77\x35\x94\x00", 8);
  bytes.replace(29, 4, "\xd4\x42\xf3\x71", 4);
  EXPECT_THAT(DecodePng(bytes, 1 << 20).status().message(),
              HasSubstr("2000000000x2000000000 pixels are too many"));
}

// Texts that unpack to a gigabyte, 8 MB each, which libpng would keep.
TEST(DecodePngTest, TextsAndProfilesAreNotUnpacked) {
  std::string text(7 << 20, 'x'), packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(&packed[0]), &size,
                     reinterpret_cast<const Bytef*>(text.data()), text.size()),
            Z_OK);
  const std::string chunk = Chunk(
      "zTXt",
      absl::StrCat(absl::string_view("t\0\0", 3), packed.substr(0, size)));
  std::string bytes = TestPictureBytes("rgb8.png");
  constexpr size_t kBehindHeader = 33;
  std::string texts;
  for (int i = 0; i < 150; ++i) texts += chunk;
  bytes.insert(kBehindHeader, texts);
  const int64_t before = PeakResidentBytes();
  const absl::StatusOr<Image> image = DecodePng(bytes, kNoLimit);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_TRUE(image->pixels == PilPixels("rgb8.png").pixels);
  EXPECT_LT(PeakResidentBytes() - before, 64 << 20);
}

TEST(EncodePngTest, ReadsBackTheSame) {
  for (const std::string name : {"rgb8.png", "gray1.png"}) {
    const Image image = PilPixels(name);
    const absl::StatusOr<std::string> bytes = EncodePng(image);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    const absl::StatusOr<Image> back = DecodePng(*bytes, kNoLimit);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->height, image.height);
    EXPECT_EQ(back->width, image.width);
    EXPECT_TRUE(back->pixels == image.pixels);
  }
}

// Rows are compressed in parts, side by side.
TEST(EncodePngTest, BytesDoNotDependOnTheThreads) {
  for (const ImageSize size : {ImageSize{301, 517}, {1, 40000}, {40000, 1}}) {
    Image image(size.height, size.width);
    uint32_t state = 1;
    for (uint8_t& value : image.pixels) {
      state = state * 1664525 + 1013904223;
      // Noise, and a part of one colour.
      value = &value < &image.pixels[image.pixels.size() / 2] ? state >> 24 : 7;
    }
    SetNumThreads(1);
    const absl::StatusOr<std::string> alone = EncodePng(image);
    SetNumThreads(3);
    const absl::StatusOr<std::string> together = EncodePng(image);
    SetNumThreads(0);
    ASSERT_TRUE(alone.ok()) << alone.status();
    EXPECT_TRUE(*alone == *together);
    const absl::StatusOr<Image> back = DecodePng(*alone, kNoLimit);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_TRUE(back->pixels == image.pixels);
  }
}

TEST(EncodePngTest, RefusesImagesWithoutPixels) {
  EXPECT_EQ(EncodePng(Image()).status().code(),
            absl::StatusCode::kInvalidArgument);
  Image broken(2, 2);
  broken.pixels.resize(11);
  EXPECT_EQ(EncodePng(broken).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(EncodeMaskPngTest, IsWhiteWhereTheMaskIsSet) {
  // A width that leaves bits over in the last byte of a row.
  const std::vector<uint8_t> mask = {1, 0, 0, 255, 0, 0, 0, 0, 1, 0,
                                     0, 1, 1, 0,   0, 0, 0, 7, 0, 0};
  const absl::StatusOr<std::string> bytes = EncodeMaskPng(mask, 2, 10);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  EXPECT_EQ((*bytes)[24], 1) << "bits per pixel";
  EXPECT_EQ((*bytes)[25], 0) << "colour type";
  const absl::StatusOr<Image> back = DecodePng(*bytes, kNoLimit);
  ASSERT_TRUE(back.ok()) << back.status();
  ASSERT_EQ(back->pixels.size(), 60u);
  for (size_t i = 0; i < back->pixels.size(); ++i) {
    EXPECT_EQ(back->pixels[i], mask[i / 3] != 0 ? 255 : 0) << i;
  }
}

TEST(EncodeMaskPngTest, RefusesMasksOfAnotherSize) {
  EXPECT_FALSE(EncodeMaskPng({1, 0, 1}, 2, 2).ok());
  EXPECT_FALSE(EncodeMaskPng({}, 0, 0).ok());
  EXPECT_FALSE(EncodeMaskPng({}, -1, 0).ok());
}

// Of each kind of pixel, what makes the colours that PIL reads of it.
TEST(PngLabelsTest, AreTheStoredNumbers) {
  const auto decode = [](const char* name) {
    auto labels = DecodePngLabels(TestPictureBytes(name), kDefaultMaxPixels);
    EXPECT_TRUE(labels.ok()) << name << labels.status();
    EXPECT_EQ(labels->height, kTestPictureHeight);
    EXPECT_EQ(labels->width, kTestPictureWidth);
    return *std::move(labels);
  };
  for (const char* name : {"rgb8.png", "rgb8_interlaced.png", "rgba8.png"}) {
    const PngLabels labels = decode(name);
    const Image pixels = PilPixels(name);
    EXPECT_TRUE(labels.colors);
    for (size_t i = 0; i < labels.labels.size(); ++i) {
      const uint8_t* rgb = &pixels.pixels[3 * i];
      ASSERT_EQ(labels.labels[i], rgb[0] << 16 | rgb[1] << 8 | rgb[2]) << i;
    }
  }
  const PngLabels gray = decode("gray8.png"), wide = decode("gray16.png");
  const Image gray_pixels = PilPixels("gray8.png");
  const Image wide_pixels = PilPixels("gray16.png");
  for (size_t i = 0; i < gray.labels.size(); ++i) {
    ASSERT_EQ(gray.labels[i], gray_pixels.pixels[3 * i]) << i;
    ASSERT_EQ(wide.labels[i] >> 8, wide_pixels.pixels[3 * i]) << i;
  }
  const PngLabels bits = decode("gray1.png");
  const Image bit_pixels = PilPixels("gray1.png");
  for (size_t i = 0; i < bits.labels.size(); ++i) {
    ASSERT_EQ(bits.labels[i] * 255, bit_pixels.pixels[3 * i]) << i;
  }
  // Equal indices have equal colours.
  for (const char* name : {"palette4.png", "palette8_trns.png"}) {
    const PngLabels labels = decode(name);
    const Image pixels = PilPixels(name);
    EXPECT_FALSE(labels.colors);
    std::map<uint32_t, std::vector<uint8_t>> colors;
    for (size_t i = 0; i < labels.labels.size(); ++i) {
      const uint8_t* rgb = &pixels.pixels[3 * i];
      const std::vector<uint8_t> color(rgb, rgb + 3);
      ASSERT_EQ(colors.emplace(labels.labels[i], color).first->second, color);
    }
    EXPECT_GT(colors.size(), 2) << name;
  }
  EXPECT_FALSE(DecodePngLabels("no png", kDefaultMaxPixels).ok());
}

}  // namespace
}  // namespace fcis::data
