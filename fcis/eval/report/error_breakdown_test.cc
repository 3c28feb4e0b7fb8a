// The answers in testdata/tide_cases.jsonl are those of tidecv 1.0.1 for random
// boxes: {"gt", "dt", "ap", "counts", "gains", "fp", "fn"}.
#include "fcis/eval/report/error_breakdown.h"

#include <string>

#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "rapidjson/stringbuffer.h"
#include "rapidjson/writer.h"

namespace fcis::eval {
namespace {

std::string Save(const char* name, const rapidjson::Value& value) {
  rapidjson::StringBuffer text;
  rapidjson::Writer<rapidjson::StringBuffer> writer(text);
  value.Accept(writer);
  const std::string path = ::testing::TempDir() + "/" + name;
  EXPECT_TRUE(WriteFileAtomic(path, text.GetString()).ok());
  return path;
}

TEST(ErrorBreakdownTest, EqualsTidecv) {
  const auto text = ReadFile("fcis/eval/report/testdata/tide_cases.jsonl");
  ASSERT_TRUE(text.ok()) << text.status();
  int cases = 0;
  for (const auto line : absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    SCOPED_TRACE(cases++);
    rapidjson::Document json;
    json.Parse(line.data(), line.size());
    ASSERT_FALSE(json.HasParseError());
    auto dataset = data::ReadCocoDataset(Save("gt.json", json["gt"]));
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EvalOptions options;
    options.iou_type = IouType::kBbox;
    options.explain = true;
    const auto evaluation =
        Evaluate(*std::move(dataset), Save("dt.json", json["dt"]), options);
    ASSERT_TRUE(evaluation.ok()) << evaluation.status();
    const ErrorBreakdown breakdown =
        BreakDownErrors(MakeOverlapTable(*evaluation));
    EXPECT_NEAR(breakdown.ap, json["ap"].GetDouble(), 1e-12);
    for (int i = 0; i < kNumErrorKinds; ++i) {
      const auto kind = static_cast<unsigned>(i);
      EXPECT_EQ(breakdown.counts[kind], json["counts"][kind].GetInt()) << i;
      EXPECT_NEAR(breakdown.gains[kind], json["gains"][kind].GetDouble(), 1e-12)
          << i;
    }
    EXPECT_NEAR(breakdown.false_positive_gain, json["fp"].GetDouble(), 1e-12);
    EXPECT_NEAR(breakdown.false_negative_gain, json["fn"].GetDouble(), 1e-12);
  }
  EXPECT_EQ(cases, 10);
}

TEST(ErrorBreakdownTest, NothingAtAll) {
  const ErrorBreakdown breakdown = BreakDownErrors(OverlapTable());
  EXPECT_EQ(breakdown.ap, 0);
  for (const double gain : breakdown.gains) EXPECT_EQ(gain, 0);
}

}  // namespace
}  // namespace fcis::eval
