#include "fcis/data/codec/image_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/memory_file.h"
#include "fcis/data/codec/jpeg.h"
#include "fcis/data/codec/test_pictures.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A file of these bytes; its name tells nothing.
std::string Write(absl::string_view bytes) {
  const std::string path = absl::StrCat(::testing::TempDir(), "/picture.txt");
  EXPECT_TRUE(WriteFileAtomic(path, bytes).ok());
  return path;
}

std::string ErrorOf(const std::string& path, const ReadOptions& options = {}) {
  const absl::StatusOr<Image> image = ReadImage(path, options);
  EXPECT_FALSE(image.ok());
  return std::string(image.status().message());
}

TEST(ReadImageTest, ReadsBothFormatsWhateverTheName) {
  for (const std::string name : {"yuv420.jpg", "rgb8.png"}) {
    const std::string path = Write(TestPictureBytes(name));
    const absl::StatusOr<Image> image = ReadImage(path);
    ASSERT_TRUE(image.ok()) << image.status();
    EXPECT_TRUE(image->pixels == PilPixels(name).pixels);
  }
}

TEST(ReadImageTest, ErrorsNameTheFileAndTheReason) {
  const std::string missing = absl::StrCat(::testing::TempDir(), "/no.jpg");
  EXPECT_THAT(ErrorOf(missing),
              AllOf(HasSubstr(missing), HasSubstr("No such file")));
  EXPECT_THAT(ErrorOf(::testing::TempDir()),
              AllOf(HasSubstr(::testing::TempDir()), HasSubstr("directory")));
  std::string path = Write("");
  EXPECT_EQ(ErrorOf(path), absl::StrCat(path, ": the file is empty"));
  path = Write("RIFF1234WEBPVP8 ");
  EXPECT_EQ(ErrorOf(path),
            absl::StrCat(path,
                         ": neither a JPEG nor a PNG file, but a WebP "
                         "picture"));
  path = Write("what is this?");
  EXPECT_EQ(ErrorOf(path),
            absl::StrCat(path, ": neither a JPEG nor a PNG file"));
  for (const std::string name : {"yuv420.jpg", "rgb8.png"}) {
    const std::string bytes = TestPictureBytes(name);
    path = Write(absl::string_view(bytes).substr(0, bytes.size() / 2));
    EXPECT_THAT(ErrorOf(path), AllOf(StartsWith(absl::StrCat(path, ": ")),
                                     HasSubstr("truncated")));
    path = Write(bytes);
    EXPECT_THAT(ErrorOf(path, {1000}),
                AllOf(StartsWith(absl::StrCat(path, ": 53x37 pixels")),
                      HasSubstr("at most 1000")));
  }
}

// A JPEG with APP1 segments behind its first marker, the first one EXIF's.
std::string WithExif(int orientation, int more_segments) {
  std::string tiff("II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", 18);
  tiff.push_back(static_cast<char>(orientation));
  tiff.append(7, '\0');
  const std::string payload = std::string("Exif\0\0", 6) + tiff;
  const std::string jpeg = TestPictureBytes("rgb.jpg");
  std::string bytes = absl::StrCat(
      jpeg.substr(0, 2), "\xff\xe1", std::string(1, '\0'),
      std::string(1, static_cast<char>(payload.size() + 2)), payload);
  for (int i = 0; i < more_segments; ++i) {
    absl::StrAppend(&bytes, "\xff\xe1\xff\xff", std::string(0xfffd, 'x'));
  }
  return bytes + jpeg.substr(2);
}

TEST(ReadImageSizeTest, IsThatOfTheReadPicture) {
  std::vector<std::string> all = {WithExif(3, 0), WithExif(6, 0),
                                  WithExif(6, 1), WithExif(1, 3)};
  for (const auto& names : {TestJpegs(), TestPngs()}) {
    for (const std::string& name : names) all.push_back(TestPictureBytes(name));
  }
  for (const std::string& bytes : all) {
    const std::string path = Write(bytes);
    const auto size = ReadImageSize(path);
    const auto image = ReadImage(path);
    ASSERT_TRUE(size.ok() && image.ok()) << size.status();
    EXPECT_EQ(size->height, image->height);
    EXPECT_EQ(size->width, image->width);
  }
}

TEST(ReadImageSizeTest, ErrorsAreThoseOfReadImage) {
  const auto error = [](const std::string& path,
                        const ReadOptions& options = {}) {
    return std::string(ReadImageSize(path, options).status().message());
  };
  EXPECT_THAT(error("/no.jpg"),
              AllOf(HasSubstr("/no.jpg"), HasSubstr("No such file")));
  EXPECT_THAT(error(::testing::TempDir()), HasSubstr("directory"));
  for (const std::string& bytes :
       {std::string(), std::string("what is this?"),
        TestPictureBytes("yuv420.jpg").substr(0, 30),
        TestPictureBytes("rgb8.png").substr(0, 20)}) {
    const std::string path = Write(bytes);
    EXPECT_EQ(error(path), ErrorOf(path));
  }
  const std::string path = Write(TestPictureBytes("rgb8.png"));
  EXPECT_EQ(error(path, {1000}), ErrorOf(path, {1000}));
}

TEST(ReadImageTest, UnreadableFilesAreErrors) {
  const std::string path = Write(TestPictureBytes("yuv420.jpg"));
  ASSERT_EQ(chmod(path.c_str(), 0), 0);
  if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
  EXPECT_THAT(ErrorOf(path),
              AllOf(HasSubstr(path), HasSubstr("Permission denied")));
}

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

// Nobody writes into it: it would be waited for without end.
TEST(ReadImageTest, PipesAreNoPictures) {
  const std::string path = ::testing::TempDir() + "/pipe.jpg";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  for (const absl::Status& status :
       {ReadImage(path).status(), ReadImageSize(path).status()}) {
    EXPECT_THAT(status.message(),
                HasSubstr("pipe.jpg is a pipe or a device, expected a file"));
  }
}

}  // namespace
}  // namespace fcis::data
