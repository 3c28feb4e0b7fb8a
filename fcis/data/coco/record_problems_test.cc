#include "fcis/data/coco/record_problems.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RecordLines Lines(const std::string& what, int count) {
  RecordLines lines;
  for (int i = 0; i < count; ++i) lines.Add(absl::StrCat(what, i));
  return lines;
}

BadAnnotationPolicy Skip(bool skip, int most = 20) {
  BadAnnotationPolicy policy;
  policy.skip = skip;
  policy.max_messages = most;
  return policy;
}

TEST(RecordLinesTest, AllAreCountedAndTheFirstAreShown) {
  EXPECT_EQ(Lines("e", 0).ToText(5), "");
  EXPECT_EQ(Lines("e", 2).ToText(2), "e0\ne1");
  EXPECT_EQ(Lines("e", 3).ToText(2, "  "), "  e0\n  e1\n  ... and 1 more");
  EXPECT_EQ(Lines("e", 3).ToText(0), "... and 3 more");
  RecordLines many = Lines("e", 20000);
  many.Append(Lines("f", 3));
  EXPECT_EQ(many.count, 20003);
  EXPECT_EQ(many.lines.size(), RecordLines::kKept);
}

TEST(RecordProblemsTest, ErrorsEndTheWorkUnlessTheyAreSkipped) {
  RecordProblems problems;
  problems.remarks = Lines("r", 1);
  EXPECT_TRUE(problems.Check(Skip(false)).ok());
  EXPECT_THAT(problems.Notes(Skip(false)),
              ElementsAre("1 members that are not needed hold something else:\n"
                          "  r0"));
  problems.errors = Lines("e", 3);
  EXPECT_EQ(problems.Check(Skip(false, 2)).message(),
            "e0\ne1\n... and 1 more\n"
            "3 bad records; --bad_annotations=skip leaves them out");
  EXPECT_TRUE(problems.Check(Skip(true)).ok());
  EXPECT_THAT(problems.Notes(Skip(true, 1)),
              ElementsAre("3 bad records are left out:\n  e0\n"
                          "  ... and 2 more",
                          ::testing::HasSubstr("r0")));
  EXPECT_THAT(RecordProblems().Notes(Skip(true)), IsEmpty());
}

TEST(RecordProblemsTest, RecordsAreCountedNotLines) {
  RecordProblems problems;
  problems.errors.Add("e0");
  problems.errors.Add("e0 again", /*same_record=*/true);
  problems.errors.Append(Lines("f", 1));
  EXPECT_THAT(std::string(problems.Check(Skip(false, 1)).message()),
              ::testing::HasSubstr("... and 2 more\n2 bad records; "));
  EXPECT_THAT(problems.Notes(Skip(true)),
              ElementsAre(::testing::HasSubstr("2 bad records are left out:")));
}

TEST(RecordProblemsTest, ConflictsAreNeverSkipped) {
  RecordProblems problems;
  problems.conflicts = Lines("c", 1);
  EXPECT_EQ(problems.Check(Skip(true)).message(), "c0");
}

TEST(ShownValueTest, IsOneShortLine) {
  EXPECT_EQ(ShownValue(""), "nothing");
  EXPECT_EQ(ShownValue("null"), "null");
  EXPECT_EQ(ShownValue("[\"a\",\n1]"), "[\"a\", 1]");
  EXPECT_EQ(ShownValue(std::string(40, '1')), std::string(40, '1'));
  EXPECT_EQ(ShownValue(std::string(50, '1')), std::string(40, '1') + "...");
  EXPECT_EQ(ShownValue(std::string(39, '1') + "\u00e9\u00e9"),
            std::string(39, '1') + "...");
}

}  // namespace
}  // namespace fcis::data
