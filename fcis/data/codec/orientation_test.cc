#include "fcis/data/codec/orientation.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAreArray;

// As PIL writes it: orientation 6, big-endian, one entry.
const std::string BigEndian() {
  return std::string(
      "Exif\0\0MM\0*\0\0\0\x08"
      "\0\x01"
      "\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
      "\0\0\0\0",
      32);
}

// Orientation 8 after another entry, the directory at offset 10.
const std::string LittleEndian() {
  return std::string(
      "Exif\0\0II*\0\x0A\0\0\0\xEE\xEE"
      "\x02\0"
      "\x0F\x01\x02\0\x04\0\0\0abc\0"
      "\x12\x01\x03\0\x01\0\0\0\x08\0\0\0"
      "\0\0\0\0",
      46);
}

TEST(ExifOrientationTest, ReadsBothByteOrders) {
  EXPECT_EQ(ExifOrientation(BigEndian()), 6);
  EXPECT_EQ(ExifOrientation(LittleEndian()), 8);
}

TEST(ExifOrientationTest, MalformedDataAreAsStored) {
  EXPECT_EQ(ExifOrientation(""), 1);
  EXPECT_EQ(ExifOrientation("http://ns.adobe.com/xap/1.0/"), 1);
  std::string wrong = BigEndian();
  wrong[6] = 'X';  // the byte order
  EXPECT_EQ(ExifOrientation(wrong), 1);
  wrong = BigEndian();
  wrong[19] = 4;  // the type
  EXPECT_EQ(ExifOrientation(wrong), 1);
  for (const char value : {'\0', '\x09'}) {
    wrong = BigEndian();
    wrong[25] = value;
    EXPECT_EQ(ExifOrientation(wrong), 1);
  }
  wrong = BigEndian();
  wrong[10] = '\xFF';  // the directory is far away
  EXPECT_EQ(ExifOrientation(wrong), 1);
}

TEST(ExifOrientationTest, NoPrefixReadsBeyondItsEnd) {
  for (const std::string& whole : {BigEndian(), LittleEndian()}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      // A copy of its own, so that the address sanitizer sees the end.
      const std::string prefix(whole, 0, size);
      const int orientation = ExifOrientation(prefix);
      EXPECT_TRUE(orientation == 1 || orientation == ExifOrientation(whole));
    }
  }
}

Image Numbered() {
  Image image(2, 3);
  for (int i = 0; i < 6; ++i) {
    for (int c = 0; c < 3; ++c) image.pixels[3 * i + c] = 10 * c + i + 1;
  }
  return image;
}

TEST(ApplyOrientationTest, AgreesWithPil) {
  // ImageOps.exif_transpose of [[1, 2, 3], [4, 5, 6]].
  const uint8_t expected[8][6] = {{1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4},
                                  {6, 5, 4, 3, 2, 1}, {4, 5, 6, 1, 2, 3},
                                  {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3},
                                  {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    SCOPED_TRACE(orientation);
    const Image image = ApplyOrientation(Numbered(), orientation);
    EXPECT_EQ(image.height, orientation < 5 ? 2 : 3);
    EXPECT_EQ(image.width, orientation < 5 ? 3 : 2);
    ASSERT_EQ(image.pixels.size(), 18u);
    for (int i = 0; i < 6; ++i) {
      for (int c = 0; c < 3; ++c) {
        EXPECT_EQ(image.pixels[3 * i + c],
                  10 * c + expected[orientation - 1][i]);
      }
    }
  }
}

TEST(ApplyOrientationTest, OthersChangeNothing) {
  for (const int orientation : {-1, 0, 9}) {
    EXPECT_THAT(ApplyOrientation(Numbered(), orientation).pixels,
                ElementsAreArray(Numbered().pixels));
  }
  EXPECT_TRUE(ApplyOrientation(Image(), 6).empty());
}

}  // namespace
}  // namespace fcis::data
