#include "fcis/data/convert/read_label_studio.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/data/convert/shapes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Task(const std::string& regions, const std::string& more = "") {
  return absl::StrCat(
      R"([{"id": 7, "data": {"image": "/data/upload/1/a.jpg"},)",
      R"( "annotations": [{"was_cancelled": true, "result": []},)",
      R"( {"result": [)", regions, "]}", more, "]}]");
}

constexpr char kSize[] = R"("original_width": 200, "original_height": 100, )";

TEST(ReadLabelStudioTest, PercentsBecomePixels) {
  ConversionNotes notes;
  const auto tasks = ParseLabelStudio(
      Task(absl::StrCat(
               R"({"id": "p", "type": "polygonlabels", "value": {"points":)",
               R"( [[10, 10], [20, 10], [20, 30]], "polygonlabels": ["cat"]},)",
               kSize, R"("image_rotation": 0},)",
               R"({"type": "rectanglelabels", "value": {"x": 50, "y": 50,)",
               R"( "width": 10, "height": 10, "rotation": 90,)",
               R"( "rectanglelabels": ["dog"]}, )", kSize, R"("id": "r"},)",
               R"({"type": "ellipselabels", "value": {"x": 50, "y": 50,)",
               R"( "radiusX": 10, "radiusY": 10, "ellipselabels": ["dog"]}, )",
               kSize, R"("id": "e"},)",
               R"({"type": "keypointlabels", "value": {"x": 1}, "id": "k"},)",
               R"({"type": "polygon", "id": "u", "value": {"points": []}})"),
           R"(, {"result": []})"),
      &notes);
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  const LabelStudioTask& task = (*tasks)[0];
  EXPECT_EQ(task.fault, "");
  EXPECT_EQ(task.width, 200);
  ASSERT_EQ(task.objects.size(), 3);
  EXPECT_THAT(task.objects[0].polygons[0], ElementsAre(20, 10, 40, 10, 40, 30));
  // Turned clockwise about its first corner it lies to the left of it.
  const Polygon& turned = task.objects[1].polygons[0];
  EXPECT_NEAR(turned[2], 100, 1e-9);
  EXPECT_NEAR(turned[3], 70, 1e-9);
  EXPECT_NEAR(turned[6], 90, 1e-9);
  EXPECT_NEAR(std::abs(SignedArea(task.objects[2].polygons[0])), M_PI * 20 * 10,
              10);
  EXPECT_THAT(notes.ToText(), HasSubstr("\"keypointlabels\", left out"));
  EXPECT_THAT(notes.ToText(), HasSubstr("without a label"));
  EXPECT_THAT(notes.ToText(), HasSubstr("further annotations of a task"));
}

// <Labels> beside <Rectangle>.
TEST(ReadLabelStudioTest, LabelsMayStandInARegionOfTheirOwn) {
  ConversionNotes notes;
  const auto tasks = ParseLabelStudio(
      Task(absl::StrCat(
          R"({"id": "r", "type": "rectangle", "value": {"x": 50, "y": 50,)",
          R"( "width": 10, "height": 10}, )", kSize, R"("a": 0},)",
          R"({"id": "r", "type": "labels", "value": {"x": 50, "y": 50,)",
          R"( "width": 10, "height": 10, "labels": ["cat", "dog"]}, )", kSize,
          R"("a": 0}, {"id": "s", "type": "labels", "value": {"labels":)",
          R"( ["cat"]}})")),
      &notes);
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  ASSERT_EQ((*tasks)[0].objects.size(), 1);
  EXPECT_EQ((*tasks)[0].objects[0].name, "cat");
  EXPECT_THAT(notes.ToText(), Not(HasSubstr("regions without a label")));
  EXPECT_THAT(notes.ToText(),
              HasSubstr(" 1  regions of type \"labels\", left out: "));
}

TEST(ReadLabelStudioTest, SaysWhatIsNotTaken) {
  ConversionNotes notes;
  const auto tasks = ParseLabelStudio(
      absl::StrCat(
          R"([{"id": 1, "data": {"image": "a.jpg"}, "annotations": []},)",
          R"({"id": 2, "data": {"image": "b.jpg"}, "annotations":)",
          R"( [{"result": []}]}, {"id": 3, "data": {"image": "c.jpg"},)",
          R"( "annotations": [{"result": [{"id": "p", "type":)",
          R"( "polygonlabels", "value": {"points": [[1, 1], [9, 1], [9, 9]],)",
          R"( "polygonlabels": ["cat", "dog"]}, )", kSize, R"("a": 0}]}]}])"),
      &notes);
  ASSERT_TRUE(tasks.ok()) << tasks.status();
  EXPECT_FALSE((*tasks)[0].annotated);
  EXPECT_TRUE((*tasks)[1].annotated) << "with nothing: background";
  EXPECT_EQ((*tasks)[2].objects[0].name, "cat");
  EXPECT_THAT(notes.ToText(), HasSubstr("1  tasks that nobody has annotated"));
  EXPECT_THAT(notes.ToText(), HasSubstr("1  regions of several labels"));
}

TEST(ReadLabelStudioTest, NamesTheRegionAtFault) {
  ConversionNotes notes;
  const auto fault = [&](const std::string& region) {
    const auto tasks = ParseLabelStudio(Task(region), &notes);
    return tasks.ok() ? (*tasks)[0].fault
                      : std::string(tasks.status().message());
  };
  EXPECT_THAT(fault(R"({"id": "b", "type": "brushlabels", "value": {"rle": [1],
                "brushlabels": ["a"]}, "original_width": 4,
                "original_height": 4})"),
              HasSubstr("region b: \"rle\" has 0 values"));
  EXPECT_THAT(fault(R"({"id": "b", "type": "polygonlabels", "value": {
                "polygonlabels": ["a"]}})"),
              HasSubstr("expected original_height"));
  EXPECT_THAT(fault(R"({"id": "b", "type": "rectanglelabels", "value": {
                "x": 1, "rectanglelabels": ["a"]}, "original_width": 4,
                "original_height": 4})"),
              HasSubstr("no \"y\""));
  EXPECT_THAT(fault(R"({"type": "brush", "value": {"rle": [300]}})"),
              HasSubstr("0 to 255"));
  EXPECT_THAT(fault(R"({"type": "polygonlabels", "id": "t", "value": {
                "polygonlabels": ["a"]}, "image_rotation": 90})"),
              HasSubstr("was turned"));
}

TEST(ReadLabelStudioTest, NamesOfPictures) {
  EXPECT_EQ(LabelStudioPath("/data/upload/1/0a1b2c3d-a%20b.jpg"),
            "/data/upload/1/0a1b2c3d-a%20b.jpg");
  EXPECT_EQ(LabelStudioPath("/data/local-files/?d=photos/a.jpg"),
            "photos/a.jpg");
  EXPECT_EQ(LabelStudioPath("https://host/b/a.jpg?token=1"), "host/b/a.jpg");
}

}  // namespace
}  // namespace fcis::data
