#include "fcis/core/rle/rle_bitmap.h"

#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

using Bytes = std::vector<uint8_t>;

// The definition: one pixel after the other, down the columns.
Rle PlainEncode(const Bytes& row_major, int height, int width) {
  Rle rle{height, width, {0}};
  bool last = false;
  for (int x = 0; x < width; ++x) {
    for (int y = 0; y < height; ++y) {
      const bool here = row_major[static_cast<size_t>(y) * width + x] != 0;
      if (here != last) rle.counts.push_back(0);
      ++rle.counts.back();
      last = here;
    }
  }
  return rle;
}

Bytes Transposed(const Bytes& mask, int height, int width) {
  Bytes result(mask.size());
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      result[static_cast<size_t>(x) * height + y] =
          mask[static_cast<size_t>(y) * width + x];
    }
  }
  return result;
}

// Blobs, noise, empty and full masks; foreground is any value but 0.
Bytes RandomMask(int height, int width, std::mt19937& random) {
  Bytes mask(static_cast<size_t>(height) * width);
  const int kind = static_cast<int>(random() % 4);
  uint8_t value = 0;
  for (uint8_t& pixel : mask) {
    if (kind == 1) value = 1 + random() % 255;
    if (kind == 2 || (kind == 3 && random() % 9 == 0)) {
      value = random() % 2 ? 0 : static_cast<uint8_t>(random());
    }
    pixel = value;
  }
  return mask;
}

Bytes Binary(Bytes mask) {
  for (uint8_t& pixel : mask) pixel = pixel != 0;
  return mask;
}

TEST(RleBitmapTest, RandomMasksEncodeAndReturn) {
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    const int height = static_cast<int>(random() % (i % 2 ? 4 : 40));
    const int width = static_cast<int>(random() % (i % 3 ? 40 : 3));
    const Bytes mask = RandomMask(height, width, random);
    const Bytes columns = Transposed(mask, height, width);
    const Rle rle = PlainEncode(mask, height, width);
    ASSERT_EQ(EncodeRowMajor(mask.data(), height, width), rle);
    ASSERT_EQ(EncodeColumnMajor(columns.data(), height, width), rle);
    Bytes decoded(mask.size(), 77);
    ASSERT_TRUE(DecodeRowMajor(rle, absl::MakeSpan(decoded)).ok());
    ASSERT_EQ(decoded, Binary(mask));
    decoded.assign(mask.size(), 77);
    ASSERT_TRUE(DecodeColumnMajor(rle, absl::MakeSpan(decoded)).ok());
    ASSERT_EQ(decoded, Binary(columns));
  }
}

TEST(RleBitmapTest, MasksWithoutPixels) {
  EXPECT_EQ(EncodeRowMajor(nullptr, 0, 4), (Rle{0, 4, {0}}));
  EXPECT_EQ(EncodeColumnMajor(nullptr, 3, 0), (Rle{3, 0, {0}}));
  EXPECT_TRUE(DecodeRowMajor(Rle{0, 4, {0}}, {}).ok());
  EXPECT_TRUE(DecodeColumnMajor(Rle{3, 0, {0, 0}}, {}).ok());
}

TEST(RleBitmapTest, PatchEqualsThePastedMask) {
  std::mt19937 random(4);
  for (int i = 0; i < 2000; ++i) {
    const int height = 1 + static_cast<int>(random() % 20);
    const int width = 1 + static_cast<int>(random() % 20);
    const int rows = static_cast<int>(random() % 25);
    const int columns = static_cast<int>(random() % 25);
    const Bytes mask = RandomMask(rows, columns, random);
    const int y0 = static_cast<int>(random() % 30) - 15;
    const int x0 = static_cast<int>(random() % 30) - 15;
    Bytes pasted(static_cast<size_t>(height) * width);
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x) {
        if (y0 + y < 0 || y0 + y >= height) continue;
        if (x0 + x < 0 || x0 + x >= width) continue;
        pasted[static_cast<size_t>(y0 + y) * width + x0 + x] =
            mask[static_cast<size_t>(y) * columns + x];
      }
    }
    ASSERT_EQ(EncodePatch({mask.data(), rows, columns, y0, x0}, height, width),
              PlainEncode(pasted, height, width));
  }
}

TEST(RleBitmapTest, PatchFarOutside) {
  const Bytes mask(4, 1);
  constexpr int kFar = 2147483647;
  EXPECT_THAT(EncodePatch({mask.data(), 2, 2, kFar, kFar}, 3, 3).counts,
              ElementsAre(9));
  EXPECT_THAT(EncodePatch({mask.data(), 2, 2, -kFar, 0}, 3, 3).counts,
              ElementsAre(9));
}

TEST(RleBitmapTest, DecodesEmptyAndMissingRuns) {
  Bytes mask(6, 77);
  ASSERT_TRUE(
      DecodeRowMajor(Rle{2, 3, {1, 0, 1, 2}}, absl::MakeSpan(mask)).ok());
  EXPECT_THAT(mask, ElementsAre(0, 1, 0,  //
                                0, 1, 0));
}

TEST(RleBitmapTest, RefusesRunsBeyondTheMask) {
  Bytes mask(6, 77);
  // The sum of the second one is 6 modulo 2^32.
  for (const Rle& rle :
       {Rle{2, 3, {1, 6}}, Rle{2, 3, {4294967295u, 7}}, Rle{-2, -3, {6}}}) {
    EXPECT_FALSE(DecodeRowMajor(rle, absl::MakeSpan(mask)).ok());
    EXPECT_FALSE(DecodeColumnMajor(rle, absl::MakeSpan(mask)).ok());
  }
  EXPECT_FALSE(DecodeRowMajor(Rle{2, 2, {4}}, absl::MakeSpan(mask)).ok());
  EXPECT_THAT(mask, Each(77));
}

}  // namespace
}  // namespace fcis
