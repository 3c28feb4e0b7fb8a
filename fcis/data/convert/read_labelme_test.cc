#include "fcis/data/convert/read_labelme.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "fcis/core/rle/rle.h"
#include "fcis/data/codec/png.h"
#include "fcis/data/convert/shapes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string File(const std::string& shapes) {
  return absl::StrCat(
      R"({"version": "5.0", "imagePath": "..\\a.jpg", "imageHeight": 20,)",
      R"( "imageWidth": 30, "imageData": null, "shapes": [)", shapes, "]}");
}

TEST(ReadLabelmeTest, GroupsShapesToObjects) {
  ConversionNotes notes;
  const auto file =
      ParseLabelme(File(R"({"label": "cat", "points": [[1, 1], [5, 1], [5, 6]],
               "group_id": 1, "shape_type": "polygon"},
              {"label": "cat", "points": [[9, 9], [5, 6]], "group_id": 1,
               "shape_type": "rectangle"},
              {"label": "dog", "points": [[9, 9], [9, 12]], "group_id": 1,
               "shape_type": "circle"},
              {"label": "dog", "points": [[1, 1]], "shape_type": "point"},
              {"label": "cat", "points": [[1, 1], [5, 1], [5, 6]],
               "group_id": null})"),
                   "a.json", &notes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->image_path, "..\\a.jpg");
  EXPECT_EQ(file->height, 20);
  ASSERT_EQ(file->objects.size(), 3);
  EXPECT_EQ(file->objects[0].polygons.size(), 2);
  EXPECT_THAT(file->objects[0].polygons[1],
              ElementsAre(9, 9, 5, 9, 5, 6, 9, 6));
  EXPECT_EQ(file->objects[1].name, "dog");
  EXPECT_NEAR(std::abs(SignedArea(file->objects[1].polygons[0])), 9 * M_PI, 2);
  EXPECT_THAT(notes.ToText(), HasSubstr("type point"));
  EXPECT_THAT(notes.ToText(), HasSubstr("a.json shapes[3]"));
}

TEST(ReadLabelmeTest, RectanglesByTheirFourCorners) {
  ConversionNotes notes;
  for (const char* type : {"oriented_rectangle", "rotation", "rectangle"}) {
    const auto file = ParseLabelme(
        File(absl::StrCat(R"({"label": "cat", "points": [[5, 1], [9, 5],)",
                          R"( [5, 9], [1, 5]], "shape_type": ")", type, "\"}")),
        "a.json", &notes);
    ASSERT_TRUE(file.ok()) << type << file.status();
    EXPECT_THAT(file->objects[0].polygons[0],
                ElementsAre(5, 1, 9, 5, 5, 9, 1, 5));
  }
  EXPECT_EQ(notes.ToText(), "");
}

TEST(ReadLabelmeTest, PutsMasksAtTheirPlace) {
  const std::vector<uint8_t> bits = {1, 0, 1, 1, 1, 1};
  const std::string png = absl::Base64Escape(*EncodeMaskPng(bits, 2, 3));
  ConversionNotes notes;
  const auto file = ParseLabelme(
      File(absl::StrCat(R"({"label": "cat", "shape_type": "mask", "points":)",
                        R"([[4, 7], [6, 8]], "mask": ")", png, "\"}")),
      "a.json", &notes);
  ASSERT_TRUE(file.ok()) << file.status();
  const Rle& mask = file->objects[0].mask;
  EXPECT_EQ(RleArea(mask), 5);
  EXPECT_EQ(RleToBbox(mask), (XywhBox{4, 7, 3, 2}));
}

TEST(ReadLabelmeTest, SaysWhichShapeIsWrong) {
  ConversionNotes notes;
  const auto message = [&](const std::string& text) {
    return std::string(ParseLabelme(text, "a", &notes).status().message());
  };
  EXPECT_EQ(message(File(R"({"points": [[1, 1]]})")),
            "shapes[0]: no \"label\"");
  EXPECT_EQ(message(File(R"({"label": "a", "points": [[1, 1], [2, 2]]})")),
            "shapes[0]: a polygon of 2 points");
  EXPECT_THAT(message(File(R"({"label": "a", "points": [[1, 1, 1]]})")),
              HasSubstr("a point is not [x, y]"));
  EXPECT_THAT(message(R"({"imagePath": "a.jpg"})"), HasSubstr("no list"));
  EXPECT_THAT(message("[1"), HasSubstr("expected an object"));
  EXPECT_THAT(message(R"({"imageData": "*", "shapes": []})"),
              HasSubstr("not base64"));
}

}  // namespace
}  // namespace fcis::data
