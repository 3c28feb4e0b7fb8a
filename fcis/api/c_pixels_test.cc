#include "fcis/api/c_pixels.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fcis/fcis.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

std::string ErrorOf(const PixelLayout& layout) {
  const std::vector<uint8_t> some(64);
  const absl::StatusOr<Image> image = ImageOf(some.data(), layout, 12);
  return image.ok() ? "" : std::string(image.status().message());
}

TEST(ImageOf, Formats) {
  const std::vector<uint8_t> bytes = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_THAT(ImageOf(bytes.data(), {1, 2, 0, FCIS_RGB}, 9)->pixels,
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(ImageOf(bytes.data(), {1, 2, 0, FCIS_BGR}, 9)->pixels,
              ElementsAre(3, 2, 1, 6, 5, 4));
  EXPECT_THAT(ImageOf(bytes.data(), {1, 2, 0, FCIS_GRAY}, 9)->pixels,
              ElementsAre(1, 1, 1, 2, 2, 2));
  EXPECT_THAT(ImageOf(bytes.data(), {1, 2, 0, FCIS_RGBA}, 9)->pixels,
              ElementsAre(1, 2, 3, 5, 6, 7));
}

TEST(ImageOf, RowsMayBeApart) {
  const std::vector<uint8_t> bytes = {1, 2, 9, 3, 4, 9};
  const Image image = ImageOf(bytes.data(), {2, 2, 3, FCIS_GRAY}, 9).value();
  EXPECT_THAT(image.pixels, ElementsAre(1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4));
}

TEST(ImageOf, NamesWhatIsWrong) {
  EXPECT_THAT(ErrorOf({0, 4, 0, FCIS_RGB}), HasSubstr("4x0"));
  EXPECT_THAT(ErrorOf({-1, 4, 0, FCIS_RGB}), HasSubstr("4x-1"));
  EXPECT_THAT(ErrorOf({4, kMost, 0, FCIS_RGB}), HasSubstr("x4"));
  EXPECT_THAT(ErrorOf({4, 4, 0, FCIS_RGB}), HasSubstr("12"));
  EXPECT_THAT(ErrorOf({2, 4, 11, FCIS_RGB}), HasSubstr("stride is 11"));
  EXPECT_THAT(ErrorOf({2, 4, -12, FCIS_RGB}), HasSubstr("stride is -12"));
  EXPECT_THAT(ErrorOf({2, 4, kMost, FCIS_RGB}), HasSubstr("stride"));
  EXPECT_THAT(ErrorOf({2, 4, 0, 4}), HasSubstr("format is 4"));
  EXPECT_THAT(ErrorOf({2, 4, 0, -1}), HasSubstr("format is -1"));
  EXPECT_THAT(ImageOf(nullptr, {1, 1, 0, 0}, 9).status().message(),
              HasSubstr("pixels is NULL"));
}

TEST(WriteOver, KeepsWhatIsNoColour) {
  const Image image =
      ImageOf(std::vector<uint8_t>{7, 8, 9}.data(), {1, 1, 0, FCIS_RGB}, 9)
          .value();
  std::vector<uint8_t> to = {1, 2, 3, 4};
  EXPECT_TRUE(WriteOver(image, {1, 1, 0, FCIS_RGBA}, to.data()).ok());
  EXPECT_THAT(to, ElementsAre(7, 8, 9, 4));
  EXPECT_TRUE(WriteOver(image, {1, 1, 0, FCIS_BGR}, to.data()).ok());
  EXPECT_THAT(to, ElementsAre(9, 8, 7, 4));
  EXPECT_FALSE(WriteOver(image, {1, 1, 0, FCIS_GRAY}, to.data()).ok());
}

}  // namespace
}  // namespace fcis::api
