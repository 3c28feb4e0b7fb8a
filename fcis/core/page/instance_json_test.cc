#include "fcis/core/page/instance_json.h"

#include <limits>

#include "fcis/core/rle/rle_string.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(PagePictureTest, MakesMasksSmaller) {
  const PagePicture large = PagePicture::Of(600, 960, 320);
  EXPECT_EQ(large.mask_height, 200);
  EXPECT_EQ(large.mask_width, 320);
  const PagePicture small = PagePicture::Of(30, 20, 320);
  EXPECT_EQ(small.mask_height, 30);
  EXPECT_EQ(small.mask_width, 20);
  EXPECT_EQ(PagePicture::Of(2000, 1, 320).mask_width, 1);
}

TEST(InstanceMembersTest, OfBoxAndMask) {
  const PagePicture picture = PagePicture::Of(4, 4, 2);
  const Rle mask{4, 4, {0, 8, 8}};
  EXPECT_EQ(InstanceMembers({1, 2.5, 1 / 3.0, 4}, &mask, picture),
            "\"box\":[1,2.5,0.333333,4],\"mask\":\"" +
                RleCountsToString({0, 2, 2}) + "\"");
  const Rle other{4, 5, {20}};
  EXPECT_EQ(InstanceMembers({0, 0, 1, 1}, &other, picture),
            "\"box\":[0,0,1,1]");
  EXPECT_EQ(InstanceMembers({0, 0, std::numeric_limits<double>::infinity(), 1},
                            nullptr, picture),
            "\"box\":[0,0,0,1]");
}

TEST(InstanceMembersTest, BackslashesAreEscaped) {
  const Rle odd{100, 100, {44, 1, 9955}};
  const std::string counts = RleCountsToString(odd.counts);
  ASSERT_NE(counts.find('\\'), counts.npos);
  EXPECT_NE(InstanceMembers({0, 0, 1, 1}, &odd, PagePicture::Of(100, 100, 100))
                .find("\\\\"),
            std::string::npos);
}

}  // namespace
}  // namespace fcis
