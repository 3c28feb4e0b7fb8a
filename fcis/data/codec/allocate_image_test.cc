#include "fcis/data/codec/allocate_image.h"

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

TEST(AllocateImageTest, IsBlackAndOfTheSize) {
  const absl::StatusOr<Image> image = AllocateImage(2, 3, 6);
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(image->height, 2);
  EXPECT_EQ(image->width, 3);
  EXPECT_EQ(image->pixels.size(), 18u);
  EXPECT_THAT(image->pixels, Each(0));
}

TEST(AllocateImageTest, ChecksTheLimit) {
  const absl::Status status = AllocateImage(2, 3, 5).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("3x2 pixels are too many"));
}

TEST(AllocateImageTest, RefusesSidesOutOfRange) {
  for (const uint32_t side : {0u, 0x80000000u, 0xFFFFFFFFu}) {
    EXPECT_EQ(AllocateImage(side, 1, kNoLimit).status().code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(AllocateImage(1, side, kNoLimit).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(AllocateImageTest, MoreThanThereIsMemoryIsAnError) {
  // 2^62 * 3 bytes: more than a vector may have.
  EXPECT_EQ(AllocateImage(0x7FFFFFFF, 0x7FFFFFFF, kNoLimit).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace fcis::data
