#include "fcis/eval/mask_ops/mask_json.h"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MaskJsonTest : public ::testing::Test {
 protected:
  const Json& Parse(absl::string_view text) {
    const absl::Status status = ParseJson(text, document_);
    EXPECT_TRUE(status.ok()) << status;
    return document_;
  }

  std::string Error(absl::string_view text) {
    return std::string(ParseJson(text, document_).message());
  }

  rapidjson::Document document_;
};

TEST_F(MaskJsonTest, NumbersAreCorrectlyRounded) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    std::string text = absl::StrCat(random());
    for (uint64_t more = random() % 6; more > 0; --more) {
      absl::StrAppend(&text, random());
    }
    text.insert(random() % text.size() + 1, ".");
    if (text.back() == '.') text += "5";
    absl::StrAppend(&text, "e", static_cast<int>(random() % 300) - 250);
    EXPECT_EQ(Parse(text).GetDouble(), std::strtod(text.c_str(), nullptr))
        << text;
  }
  EXPECT_EQ(Parse("0.1").GetDouble(), 0.1);
  EXPECT_EQ(Parse("9223372036854775807").GetInt64(), 9223372036854775807);
  EXPECT_EQ(Parse("18446744073709551615").GetUint64(), 18446744073709551615u);
  EXPECT_EQ(Parse("18446744073709551616").GetDouble(), 18446744073709551616.0);
  EXPECT_EQ(Parse("-17").GetInt64(), -17);
  EXPECT_TRUE(std::isnan(Parse("NaN").GetDouble()));
  EXPECT_EQ(Parse("-Infinity").GetDouble(),
            -std::numeric_limits<double>::infinity());
}

TEST_F(MaskJsonTest, MalformedText) {
  EXPECT_THAT(Error("{\"a\": [1, }"), HasSubstr("malformed JSON at byte 10"));
  EXPECT_THAT(Error(""), HasSubstr("empty"));
  EXPECT_THAT(Error("1 2"), HasSubstr("byte 2"));
  EXPECT_THAT(Error("\"\xff\""), HasSubstr("encoding"));
  EXPECT_FALSE(Error(std::string(1000000, '[')).empty());
  EXPECT_FALSE(Error("1e999").empty());
}

TEST_F(MaskJsonTest, LastOfSeveralMembersCounts) {
  EXPECT_EQ(*ReadInteger(Parse(R"({"h": 1, "\u0068": 3})"), "h"), 3);
  EXPECT_THAT(ReadInteger(document_, "w").status().message(),
              HasSubstr("expected an object with \"w\""));
  EXPECT_FALSE(ReadInteger(Parse("[]"), "h").ok());
}

TEST_F(MaskJsonTest, Integers) {
  EXPECT_EQ(*ReadInteger(Parse(R"({"h": 3.0})"), "h"), 3);
  for (const char* text : {"3.5", "\"3\"", "null", "1e300", "NaN", "true",
                           "18446744073709551615"}) {
    const std::string object = absl::StrCat("{\"h\": ", text, "}");
    EXPECT_THAT(ReadInteger(Parse(object), "h").status().message(),
                HasSubstr("\"h\": expected an integer"))
        << text;
  }
}

TEST_F(MaskJsonTest, Lists) {
  Parse(R"({"flags": [0, 1, true, false, 255], "runs": [0, 4294967295, 2.0],
            "texts": ["a", ""], "numbers": [[], [1, 2.5]],
            "boxes": [[1, 2, 3, 4]]})");
  EXPECT_THAT(*ReadFlags(document_, "flags"), ElementsAre(0, 1, 1, 0, 255));
  EXPECT_THAT(*ReadRuns(document_, "runs"), ElementsAre(0, 4294967295u, 2));
  EXPECT_THAT(*ReadStrings(document_, "texts"), ElementsAre("a", ""));
  EXPECT_THAT(*ReadNumberLists(document_, "numbers"),
              ElementsAre(ElementsAre(), ElementsAre(1, 2.5)));
  EXPECT_THAT(*ReadBoxes(document_, "boxes"), ElementsAre(XywhBox{1, 2, 3, 4}));
}

TEST_F(MaskJsonTest, WrongLists) {
  Parse(R"({"flags": [256], "runs": [-1], "more": [4294967296], "texts": [1],
            "numbers": [[1, "2"]], "boxes": [[1, 2, 3]], "object": {}})");
  EXPECT_THAT(ReadFlags(document_, "flags").status().message(),
              HasSubstr("\"flags[0]\": expected 0 to 255"));
  EXPECT_THAT(ReadRuns(document_, "runs").status().message(),
              HasSubstr("\"runs\": expected a list of integers from 0"));
  EXPECT_FALSE(ReadRuns(document_, "more").ok());
  EXPECT_FALSE(ReadRuns(document_, "object").ok());
  EXPECT_FALSE(ReadStrings(document_, "texts").ok());
  EXPECT_THAT(ReadNumberLists(document_, "numbers").status().message(),
              HasSubstr("\"numbers[0]\": expected a list of numbers"));
  EXPECT_FALSE(ReadNumberLists(document_, "object").ok());
  EXPECT_THAT(ReadBoxes(document_, "boxes").status().message(),
              HasSubstr("\"boxes[0]\": expected [x, y, width, height]"));
}

TEST_F(MaskJsonTest, Masks) {
  const Rle expected{3, 4, {6, 2, 1}};
  EXPECT_EQ(*ReadRle(Parse(R"({"size": [3, 4], "counts": "621"})")), expected);
  EXPECT_EQ(*ReadRle(Parse(R"({"counts": [6, 2, 1], "size": [3, 4.0]})")),
            expected);
  for (const char* text :
       {R"({"counts": "621"})", R"({"size": [3, 4]})",
        R"({"size": [3], "counts": "621"})", R"({"size": 3, "counts": "621"})",
        R"({"size": [3, "4"], "counts": "6"})",
        R"({"size": [3, 4], "counts": 6})",
        R"({"size": [3, 4], "counts": [7, 6]})",
        R"({"size": [3, 4], "counts": "77"})"}) {
    EXPECT_FALSE(ReadRle(Parse(text)).ok()) << text;
  }
  EXPECT_THAT(
      ReadRles(Parse(R"({"dt": [{"size": [3, 4], "counts": "P"}]})"), "dt")
          .status()
          .message(),
      HasSubstr("\"dt[0]\": corrupt RLE: counts end at byte 1"));
}

TEST(MaskJsonWriteTest, TextAndBox) {
  rapidjson::StringBuffer buffer;
  JsonWriter writer(buffer);
  writer.StartArray();
  WriteString(absl::string_view("a\\\"\0", 4), writer);
  WriteBox({0, 1.5, 4294966123.0, std::nan("")}, writer);
  writer.EndArray();
  EXPECT_STREQ(buffer.GetString(),
               R"(["a\\\"\u0000",[0.0,1.5,4294966123.0,NaN]])");
}

}  // namespace
}  // namespace fcis::eval
