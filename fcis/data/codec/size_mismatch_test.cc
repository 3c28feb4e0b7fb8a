#include "fcis/data/codec/size_mismatch.h"

#include "absl/strings/str_cat.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/test_pictures.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

// A JPEG with an EXIF segment behind its first marker.
std::string Turned(int orientation) {
  std::string tiff("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18);
  tiff.push_back(static_cast<char>(orientation));
  tiff.append(7, '\0');
  const std::string payload = std::string("Exif\0\0", 6) + tiff;
  const std::string jpeg = TestPictureBytes("rgb.jpg");
  return absl::StrCat(jpeg.substr(0, 2), "\xff\xe1", std::string(1, '\0'),
                      std::string(1, static_cast<char>(payload.size() + 2)),
                      payload, jpeg.substr(2));
}

TEST(JpegOrientationTest, IsThatOfTheFile) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(JpegOrientation(Turned(orientation)), orientation);
  }
  EXPECT_EQ(JpegOrientation(TestPictureBytes("rgb8.png")), 1);
  EXPECT_EQ(JpegOrientation("\xff\xd8\xff"), 1);
  EXPECT_EQ(JpegOrientation(""), 1);
}

TEST(DescribeSizeMismatchTest, Case40ExifTurnsThePicture) {
  const MemoryFile file(Turned(6));
  EXPECT_EQ(
      DescribeSizeMismatch(file.path(), kTestPictureWidth, kTestPictureHeight,
                           kTestPictureHeight, kTestPictureWidth),
      absl::StrCat(file.path(),
                   " is 37x53 (width x height), but the annotations say "
                   "53x37; EXIF turns it: stored 53x37, shown 37x53"));
}

TEST(DescribeSizeMismatchTest, WhatExifDoesNotExplain) {
  const MemoryFile turned(Turned(6)), upside_down(Turned(3));
  EXPECT_EQ(DescribeSizeMismatch(turned.path(), 53, 37, 40, 40),
            absl::StrCat(turned.path(),
                         " is 37x53 (width x height), but the annotations say "
                         "40x40"));
  EXPECT_EQ(DescribeSizeMismatch(upside_down.path(), 37, 53, 53, 37),
            absl::StrCat(upside_down.path(),
                         " is 53x37 (width x height), but the annotations say "
                         "37x53"));
  EXPECT_EQ(DescribeSizeMismatch("/nowhere", 3, 4, 4, 3),
            "/nowhere is 4x3 (width x height), but the annotations say 3x4");
}

}  // namespace
}  // namespace fcis::data
