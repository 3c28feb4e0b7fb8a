#include "fcis/data/codec/test_pictures.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"

namespace fcis::data {

std::string TestPicturePath(absl::string_view name) {
  return absl::StrCat("fcis/data/codec/testdata/", name);
}

std::string TestPictureBytes(absl::string_view name) {
  absl::StatusOr<std::string> bytes = ReadFile(TestPicturePath(name));
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.ok() ? *std::move(bytes) : std::string();
}

Image PilPixels(absl::string_view name) {
  const std::string bytes = TestPictureBytes(absl::StrCat(name, ".rgb"));
  Image image(kTestPictureHeight, kTestPictureWidth);
  EXPECT_EQ(bytes.size(), image.pixels.size()) << name;
  image.pixels.assign(bytes.begin(), bytes.end());
  return image;
}

const std::vector<std::string>& TestJpegs() {
  static const auto& names =
      *new std::vector<std::string>{"yuv420.jpg", "yuv420_restart.jpg",
                                    "yuv422.jpg", "yuv444_progressive.jpg",
                                    "gray.jpg",   "rgb.jpg",
                                    "cmyk.jpg",   "ycck.jpg"};
  return names;
}

const std::vector<std::string>& TestPngs() {
  static const auto& names = *new std::vector<std::string>{
      "rgb8.png",          "rgb16.png",           "rgba8.png",
      "gray1.png",         "gray8.png",           "gray8_trns.png",
      "gray16.png",        "gray_alpha8.png",     "palette4.png",
      "palette8_trns.png", "rgb8_interlaced.png", "rgba16_interlaced.png"};
  return names;
}

}  // namespace fcis::data
