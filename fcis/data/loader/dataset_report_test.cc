#include "fcis/data/loader/dataset_report.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::data {
namespace {

DatasetReport Example() {
  DatasetReport report;
  report.pictures = 5;
  report.used_pictures = 3;
  report.annotations = 20;
  report.used_annotations = 8;
  for (int i = 0; i < 12; ++i) report.Add(Finding::kCrowd, absl::StrCat(i));
  report.Add(Finding::kBadMask, "\"x\"");
  report.problems.errors.Add("line");
  return report;
}

TEST(DatasetReport, KeepsTheFirstExamples) {
  const DatasetReport report = Example();
  EXPECT_EQ(report.count(Finding::kCrowd), 12);
  EXPECT_EQ(report.examples(Finding::kCrowd).size(), 10u);
  EXPECT_EQ(report.examples(Finding::kCrowd).back(), "9");
  EXPECT_EQ(report.count(Finding::kEmptyBox), 0);
}

TEST(DatasetReport, TextHasALineForEachFinding) {
  EXPECT_EQ(Example().ToText(),
            "3 of 5 pictures and 8 of 20 annotations are used\n"
            "      12  annotations of crowds, not learnt: "
            "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, ...\n"
            "       1  annotations whose segmentation is no mask of the "
            "picture, left out: \"x\"\n");
}

TEST(DatasetReport, FilesHaveALineEach) {
  DatasetReport report;
  report.Add(Finding::kMissingPicture, "a.png");
  report.Add(Finding::kMissingPicture, "b.png");
  EXPECT_EQ(report.ToText(),
            "0 of 0 pictures and 0 of 0 annotations are used\n"
            "       2  pictures are missing:\n"
            "          a.png\n"
            "          b.png\n");
}

TEST(DatasetReport, JsonHasEveryFinding) {
  rapidjson::Document json;
  json.Parse(Example().ToJson().c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_EQ(json["pictures"].GetInt64(), 5);
  EXPECT_EQ(json["used_annotations"].GetInt64(), 8);
  const auto& findings = json["findings"];
  EXPECT_EQ(findings.MemberCount(), static_cast<size_t>(Finding::kCount));
  EXPECT_EQ(findings["crowd"]["count"].GetInt64(), 12);
  EXPECT_EQ(findings["bad_mask"]["examples"][0].GetString(),
            std::string("\"x\""));
  EXPECT_EQ(json["errors"]["count"].GetInt64(), 1);
  EXPECT_EQ(json["errors"]["lines"][0].GetString(), std::string("line"));
  EXPECT_EQ(json["remarks"]["count"].GetInt64(), 0);
}

}  // namespace
}  // namespace fcis::data
