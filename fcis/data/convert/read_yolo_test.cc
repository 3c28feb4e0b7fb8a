#include "fcis/data/convert/read_yolo.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ReadYoloTest, NamesInAllForms) {
  for (const char* yaml : {
           "names: [cat, 'a, b', \"dog's\"]\n",
           "nc: 3\nnames:\n  - cat  # a comment\n  - 'a, b'\n  - dog's\n",
           "names:\n- cat\n- a, b\n- dog's\nnc: 3\n",
           "path: x\nnames:\n  0: cat\n  2: \"dog's\"\n  1: a, b\ntrain: y\n",
           "names: {0: cat, 1: 'a, b', 2: dog's}\r\n",
           "names: [\n  cat,\n  'a, b',\n  \"dog's\",\n]\n",
           "\xEF\xBB\xBFnames : [cat, 'a, b', 'dog''s']\n",
           "\"names\": {\"0\": \"c\\u0061t\", \"1\": \"a, b\", 2: dog's}\n",
       }) {
    const auto names = ParseYoloNames(yaml);
    ASSERT_TRUE(names.ok()) << yaml << names.status();
    EXPECT_THAT(*names, ElementsAre("cat", "a, b", "dog's")) << yaml;
  }
  EXPECT_THAT(ParseYoloNames("names:\n  0: a\n  2: b\n").status().message(),
              HasSubstr("no class 1"));
  EXPECT_THAT(*ParseYoloNames(R"(names: ['a]b', "c\"}", "d\\e"])"),
              ElementsAre("a]b", "c\"}", "d\\e"));
  EXPECT_FALSE(ParseYoloNames("names: [a, b\n").ok());
  EXPECT_FALSE(ParseYoloNames("names: ['a]\n").ok());
  EXPECT_FALSE(ParseYoloNames("names:\n  - \"a\\q\"\n").ok());
  EXPECT_FALSE(ParseYoloNames("names:\n  x: a\n").ok());
  EXPECT_FALSE(ParseYoloNames("train: images\n").ok());
}

TEST(ReadYoloTest, LinesOfOutlinesAndBoxes) {
  ConversionNotes notes;
  const auto objects =
      ParseYoloLabels("1 0.1 0.2 0.3 0.2 0.3 0.4\r\n\n0 0.5 0.5 0.2 0.4\n",
                      {"cat", "dog"}, 0, "a.txt", &notes);
  ASSERT_TRUE(objects.ok()) << objects.status();
  ASSERT_EQ(objects->size(), 2);
  EXPECT_EQ((*objects)[0].name, "dog");
  EXPECT_THAT((*objects)[0].polygons,
              ElementsAre(ElementsAre(.1, .2, .3, .2, .3, .4)));
  EXPECT_EQ((*objects)[1].name, "cat");
  EXPECT_THAT((*objects)[1].polygons,
              ElementsAre(ElementsAre(.4, .3, .6, .3, .6, .7, .4, .7)));
  EXPECT_THAT(notes.ToText(), HasSubstr("taken as rectangles: a.txt line 3"));
}

TEST(ReadYoloTest, SaysWhichLineIsWrong) {
  ConversionNotes notes;
  const auto message = [&](const char* text) {
    return std::string(
        ParseYoloLabels(text, {"cat"}, 0, "a", &notes).status().message());
  };
  EXPECT_EQ(message("\n1 .1 .1 .2 .2 .3 .3"),
            "line 2: class 1, expected 0 to 0");
  EXPECT_EQ(message("0 .1 x"), "line 1: \"x\" is no number");
  EXPECT_THAT(message("0 .1 .1 .2 .2 .3"), HasSubstr("5 numbers"));
  EXPECT_THAT(message("-1 .1 .1 .2 .2"), HasSubstr("class -1"));
  EXPECT_THAT(message("0.5 .1 .1 .2 .2"), HasSubstr("class 0.5"));
  EXPECT_THAT(message("0 nan .1 .2 .2"), HasSubstr("no number"));
  EXPECT_THAT(message("0 10 10 50 10 50 40"),
              HasSubstr("10, expected shares of the picture's width"));
}

// "kpt_shape: [2, 3]": x, y and visibility of two points.
TEST(ReadYoloTest, KeypointsAreNoOutline) {
  ConversionNotes notes;
  const auto objects =
      ParseYoloLabels("0 .5 .5 .2 .4 .4 .4 2 .6 .6 1\n0 0 0 1 0 1 1\n", {"cat"},
                      6, "a.txt", &notes);
  ASSERT_TRUE(objects.ok()) << objects.status();
  EXPECT_THAT((*objects)[0].polygons,
              ElementsAre(ElementsAre(.4, .3, .6, .3, .6, .7, .4, .7)));
  EXPECT_THAT((*objects)[1].polygons,
              ElementsAre(ElementsAre(0, 0, 1, 0, 1, 1)));
  EXPECT_THAT(notes.ToText(),
              HasSubstr(" 1  boxes without an outline, taken as rectangles: "));
}

}  // namespace
}  // namespace fcis::data
