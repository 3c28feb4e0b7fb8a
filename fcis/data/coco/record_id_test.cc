#include "fcis/data/coco/record_id.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::HasSubstr;

RecordId Read(const std::string& text) {
  JsonScanner json(text);
  RecordId id(int64_t{-77});
  EXPECT_TRUE(ReadRecordId(json, id)) << text << ": " << json.status();
  EXPECT_EQ(json.offset(), text.size()) << text;
  return id;
}

// What was written comes back, to the last digit.
TEST(RecordIdTest, Case14IdsOfSixtyFourBits) {
  for (const char* text : {"0", "-1", "9007199254740993", "9223372036854775807",
                           "9223372036854775808", "18446744073709551615",
                           "-9223372036854775808", "12345678901234567890"}) {
    EXPECT_EQ(Read(text).ToString(), text);
    RecordId parsed;
    EXPECT_TRUE(ParseIntegerId(text, parsed));
    EXPECT_EQ(parsed, Read(text));
  }
  EXPECT_EQ(Read("3.0"), RecordId(int64_t{3}));
  EXPECT_EQ(Read("1e19").ToString(), "10000000000000000000");
  EXPECT_EQ(Read("\"3\"").ToString(), "\"3\"");
  EXPECT_EQ(Read("\"3\"").ToPlain(), "3");
}

TEST(RecordIdTest, AsJson) {
  for (const char* text :
       {"-3", "18446744073709551615", "\"3\"", "\"\"", R"("a \"b\" \\ \n")"}) {
    EXPECT_EQ(Read(text).ToJson(), text);
  }
}

TEST(RecordIdTest, WhatIsNoIdIsShownAsWritten) {
  for (const char* text :
       {"18446744073709551616", "-9223372036854775809", "1.5", "1e30", "NaN"}) {
    JsonScanner json(text);
    RecordId id;
    EXPECT_FALSE(ReadRecordId(json, id)) << text;
    EXPECT_THAT(std::string(json.status().message()),
                HasSubstr(absl::StrCat("64 bits or a string, not ", text)));
  }
  for (const char* text : {"null", "[1]", "true"}) {
    JsonScanner json(text);
    RecordId id;
    EXPECT_FALSE(ReadRecordId(json, id)) << text;
  }
}

TEST(RecordIdTest, SortsAsPythonDoes) {
  std::vector<RecordId> ids;
  for (const char* text : {"\"b\"", "18446744073709551615", "5", "-3", "\"a\"",
                           "9223372036854775808", "9223372036854775807"}) {
    ids.push_back(Read(text));
  }
  std::sort(ids.begin(), ids.end());
  std::vector<std::string> sorted;
  for (const RecordId& id : ids) sorted.push_back(id.ToString());
  EXPECT_THAT(sorted,
              ::testing::ElementsAre("-3", "5", "9223372036854775807",
                                     "9223372036854775808",
                                     "18446744073709551615", "\"a\"", "\"b\""));
}

// 2^64 - 1 and -1 have the same bits.
TEST(RecordIndexTest, KeepsAllKindsApart) {
  RecordIndex index;
  index.Set(Read("-1"), 1);
  index.Set(Read("18446744073709551615"), 2);
  index.Set(Read("\"-1\""), 3);
  EXPECT_EQ(index.Find(Read("-1")), 1);
  EXPECT_EQ(index.Find(Read("18446744073709551615")), 2);
  EXPECT_EQ(index.Find(Read("\"-1\"")), 3);
  EXPECT_EQ(index.Find(Read("1")), -1);
  EXPECT_FALSE(index.empty());
  for (const char* id : {"7", "0", "1023", "1024"}) index.Set(Read(id), 5);
  index.Set(Read("7"), 6);
  EXPECT_EQ(index.Find(Read("7")), 6);
  EXPECT_EQ(index.Find(Read("1023")), 5);
  EXPECT_EQ(index.Find(Read("1024")), 5);
  EXPECT_EQ(index.Find(Read("1")), -1);
  EXPECT_EQ(index.Find(Read("1025")), -1);
  EXPECT_NE(Read("-1"), Read("18446744073709551615"));
}

TEST(RecordIndexTest, NotesTheOtherKindOfAnId) {
  RecordIndex index;
  index.Set(Read("1"), 0);
  index.Set(Read("\"2\""), 0);
  EXPECT_EQ(NoteOnKind(Read("\"1\""), index, "images"),
            "; \"1\" is text where \"images\" has the number 1");
  EXPECT_EQ(NoteOnKind(Read("2"), index, "images"),
            "; 2 is a number where \"images\" has the text \"2\"");
  EXPECT_EQ(NoteOnKind(Read("3"), index, "images"), "");
  EXPECT_EQ(NoteOnKind(Read("\"a\""), index, "images"), "");
}

}  // namespace
}  // namespace fcis::data
