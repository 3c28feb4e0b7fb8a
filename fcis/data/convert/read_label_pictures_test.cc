#include "fcis/data/convert/read_label_pictures.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReadLabelPicturesTest, AMaskForEachLabel) {
  PngLabels picture;
  picture.height = 2;
  picture.width = 3;
  picture.labels = {0, 7, 7,  //
                    9, 7, 0};
  const std::map<uint32_t, Rle> masks = MasksOfLabels(picture);
  ASSERT_EQ(masks.size(), 2);
  EXPECT_THAT(masks.at(7).counts, ElementsAre(2, 3, 1));
  EXPECT_EQ(RleArea(masks.at(7)), 3);
  EXPECT_THAT(masks.at(9).counts, ElementsAre(1, 1, 4));
  EXPECT_EQ(masks.at(9).width, 3);
}

TEST(ReadLabelPicturesTest, VocsColours) {
  PngLabels picture;
  picture.height = 1;
  picture.width = 4;
  picture.colors = true;
  picture.labels = {0, 0x800000, 0xc08080, 0xe0e0c0};
  ASSERT_TRUE(ColorsToVocLabels(&picture).ok());
  EXPECT_THAT(picture.labels, ElementsAre(0, 1, 15, 255));
  EXPECT_FALSE(picture.colors);
  picture.colors = true;
  picture.labels[1] = 0x123456;
  EXPECT_THAT(ColorsToVocLabels(&picture).message(), HasSubstr("#123456"));
}

TEST(ReadLabelPicturesTest, LabelMaps) {
  const auto names = ParseLabelMap(
      "# label:color_rgb:parts:actions\nbackground:0,0,0::\r\n"
      "red car:250,50,1::\n");
  ASSERT_TRUE(names.ok()) << names.status();
  EXPECT_EQ(names->at(0), "background");
  EXPECT_EQ(names->at(250 << 16 | 50 << 8 | 1), "red car");
  EXPECT_FALSE(ParseLabelMap("a:1,2::\n").ok());
  EXPECT_FALSE(ParseLabelMap("a:1,2,256::\n").ok());
  EXPECT_FALSE(ParseLabelMap(":1,2,3::\n").ok());
}

TEST(ReadLabelPicturesTest, NamesOfMasks) {
  const auto has = [](const std::string& stem) {
    return stem == "a" || stem == "a_1" || stem == "b_c";
  };
  const auto parse = [&](const char* stem) {
    const auto name = ParseMaskName(stem, has);
    return !name.has_value() ? "none"
                             : name->picture + "|" + name->class_name +
                                   (name->single ? "|single" : "");
  };
  EXPECT_EQ(parse("a"), "a|");
  EXPECT_EQ(parse("a_1"), "a_1|");  // a picture's own name
  EXPECT_EQ(parse("a_1_2"), "a_1||single");
  EXPECT_EQ(parse("a_2"), "a||single");
  EXPECT_EQ(parse("b_c_000_traffic_light"), "b_c|traffic_light|single");
  EXPECT_EQ(parse("b_c_traffic_light_3"), "b_c|traffic_light|single");
  EXPECT_EQ(parse("a_001_bolt_4"), "a|bolt_4|single");
  EXPECT_EQ(parse("a_001_Schraube M4"), "a|Schraube M4|single");
  EXPECT_EQ(parse("a_001_10"), "a|10|single");
  EXPECT_EQ(parse("a__3"), "none");
  EXPECT_EQ(parse("a_cat"), "none");
  EXPECT_EQ(parse("d_1"), "none");
}

}  // namespace
}  // namespace fcis::data
