#include "fcis/eval/mask_ops/mask_ops.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "fcis/eval/mask_ops/mask_json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Exact: numbers to the last bit, whether written 3 or 3.0; NaN equals NaN.
bool Same(const Json& a, const Json& b) {
  if (a.IsNumber() && b.IsNumber()) {
    const double x = a.GetDouble(), y = b.GetDouble();
    return x == y || (std::isnan(x) && std::isnan(y));
  }
  if (a.GetType() != b.GetType()) return false;
  if (a.IsArray()) {
    if (a.Size() != b.Size()) return false;
    for (rapidjson::SizeType i = 0; i < a.Size(); ++i) {
      if (!Same(a[i], b[i])) return false;
    }
    return true;
  }
  if (a.IsObject()) {
    if (a.MemberCount() != b.MemberCount()) return false;
    for (const auto& member : a.GetObject()) {
      const Json* other = FindMember(b, member.name.GetString());
      if (other == nullptr || !Same(member.value, *other)) return false;
    }
    return true;
  }
  return a == b;
}

struct Replay {
  int agreed = 0, errors = 0;
};

// Answers each line of the file as its "out" says.
Replay ReplayVectors(const std::string& name) {
  Replay replay;
  const absl::StatusOr<std::string> text =
      ReadFile(absl::StrCat("fcis/core/rle/testdata/", name));
  EXPECT_TRUE(text.ok()) << text.status();
  if (!text.ok()) return replay;
  for (const absl::string_view line :
       absl::StrSplit(*text, '\n', absl::SkipEmpty())) {
    rapidjson::Document request, answer;
    const std::string answered = AnswerMaskOp(line, 1);
    EXPECT_TRUE(ParseJson(line, request).ok());
    EXPECT_TRUE(ParseJson(answered, answer).ok()) << answered;
    const Json& expected = request["out"];
    EXPECT_TRUE(Same(request["id"], answer["id"]));
    EXPECT_EQ(answer.MemberCount(), 2u);
    if (FindMember(expected, "error") != nullptr) {
      EXPECT_TRUE(answer.HasMember("error")) << line << "\n" << answered;
      ++replay.errors;
    } else {
      const Json* out = FindMember(answer, "out");
      const bool same = out != nullptr && Same(expected, *out);
      EXPECT_TRUE(same) << line << "\n" << answered;
      replay.agreed += same;
    }
  }
  return replay;
}

TEST(MaskOpsTest, AgreesWithRecordedAnswers) {
  const Replay replay = ReplayVectors("recorded.jsonl");
  EXPECT_EQ(replay.agreed, 315);
  EXPECT_EQ(replay.errors, 6);
}

TEST(MaskOpsTest, AgreesOnCornerCases) {
  const Replay replay = ReplayVectors("vectors.jsonl");
  EXPECT_EQ(replay.agreed, 592);
  EXPECT_EQ(replay.errors, 63);
}

// Two of its own answers, in the exact form.
TEST(MaskOpsTest, FormOfAnswers) {
  EXPECT_EQ(
      AnswerMaskOp(R"({"id": 7, "op": "toRuns",
                             "in": {"size": [3, 1], "counts": "21"}})",
                   1),
      R"({"id":7,"out":{"runs":[2,1],"area":1,"bbox":[0.0,2.0,1.0,1.0]}})");
  EXPECT_EQ(AnswerMaskOp(R"({"op": "merge", "in": {"rles": [
                             {"size": [2, 2], "counts": [1, 2, 1]},
                             {"size": [2, 2], "counts": [2, 2]}]}})",
                         1),
            R"({"id":null,"out":{"size":[2,2],"counts":"13"}})");
}

TEST(MaskOpsTest, EchoesAnyScalarId) {
  for (const char* id : {"7", "-9223372036854775808", "18446744073709551615",
                         "0.1", "null", "true", R"("a\"b")"}) {
    EXPECT_THAT(AnswerMaskOp(absl::StrCat("{\"id\":", id, "}"), 1),
                StartsWith(absl::StrCat("{\"id\":", id, ",\"error\":")));
  }
  for (const char* id : {"[1]", "{}"}) {
    EXPECT_THAT(AnswerMaskOp(absl::StrCat("{\"id\":", id, "}"), 1),
                StartsWith("{\"id\":null,\"error\":"));
  }
}

TEST(MaskOpsTest, DecodesTheLargest) {
  EXPECT_THAT(AnswerMaskOp(R"({"op": "decode", "in": {
                             "size": [8192, 8192], "counts": [67108864]}})",
                           1),
              StartsWith(R"({"id":null,"out":)"));
}

TEST(MaskOpsTest, Errors) {
  const struct {
    const char* line;
    const char* error;
  } cases[] = {
      {"{\"id\": 1, \"op\"", "line 12: malformed JSON at byte 14"},
      {"[]", "expected an object with \\\"op\\\""},
      {R"({"op": "area"})", "expected an object with \\\"in\\\""},
      {R"({"op": "nms", "in": {}})",
       "\\\"op\\\": nms, expected one of frPoly, frBbox"},
      {R"({"op": 5, "in": {}})", "\\\"op\\\": expected a string"},
      {R"({"op": "area", "in": []})", "\\\"in\\\": expected an object"},
      {R"({"op": "encode", "in": {"h": 2, "w": 1, "rows": ["0"]}})",
       "\\\"rows\\\": 1 strings, expected 2"},
      {R"({"op": "encode", "in": {"h": 1, "w": 2, "rows": ["0"]}})",
       "expected strings of 2 digits 0 or 1"},
      {R"({"op": "encode", "in": {"h": 1, "w": 2, "rows": ["02"]}})",
       "expected strings of 2 digits 0 or 1"},
      {R"({"op": "encode", "in": {"h": 1e6, "w": 1e6, "rows": []}})",
       "fewer than 2^32 pixels"},
      {R"({"op": "decode", "in": {"size": [65535, 65537], "counts": "0"}})",
       "mask of 4294967295 pixels: expected at most"},
      {R"({"op": "decode", "in": {"size": [8192, 8193], "counts": "0"}})",
       "mask of 67117056 pixels: expected at most 67108864 to decode"},
      {R"({"op": "merge", "in": {"rles": [], "intersect": "1"}})",
       "\\\"intersect\\\": expected 0 or 1"},
      {R"({"op": "bbIou", "in": {"dt": [], "gt": [[1, 2, 3, 4]],
          "iscrowd": []}})",
       "\\\"iscrowd\\\": 0 flags, expected 1"},
      {R"({"op": "frPoly", "in": {"h": 5, "w": 5,
          "polys": [[1, 2, 3, 4, 5, 1e9]]}})",
       "coordinate 5 is 1e+09"},
      {R"({"op": "frBbox", "in": {"h": 5, "w": 5, "boxes": [[1, 2, 3]]}})",
       "\\\"boxes[0]\\\": expected [x, y, width, height]"},
  };
  for (const auto& c : cases) {
    const std::string answer = AnswerMaskOp(c.line, 12);
    EXPECT_THAT(answer, HasSubstr("\"error\":")) << c.line;
    EXPECT_THAT(answer, HasSubstr(c.error)) << c.line;
    EXPECT_THAT(answer, Not(HasSubstr("\"out\""))) << c.line;
  }
}

TEST(MaskOpsTest, HelpNamesEveryOperation) {
  for (const char* op : {"frPoly", "frBbox", "encode", "decode", "fromRuns",
                         "toRuns", "area", "toBbox", "merge", "iou", "bbIou"}) {
    EXPECT_THAT(kMaskOpsHelp, HasSubstr(op));
    EXPECT_THAT(
        AnswerMaskOp(absl::StrCat(R"({"op": ")", op, R"(", "in": {}})"), 1),
        HasSubstr("expected an object with"));
  }
}

TEST(AnswerMaskOpsTest, GoesOnAfterBadLines) {
  std::FILE* in = std::tmpfile();
  std::FILE* out = std::tmpfile();
  std::fputs(
      "{\"id\": 1, \"op\": \"area\", \"in\": {\"size\": [1, 3], \"counts\": "
      "\"12\"}}\n\nnonsense\n"
      "{\"id\": 3, \"op\": \"area\", \"in\": {\"size\": [1, 3], \"counts\": "
      "\"03\"}}",
      in);
  std::rewind(in);
  ASSERT_TRUE(AnswerMaskOps(in, out).ok());
  std::rewind(out);
  std::string text(1000, '\0');
  text.resize(std::fread(&text[0], 1, text.size(), out));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  ASSERT_EQ(lines.size(), 4u) << text;
  EXPECT_EQ(lines[0], R"({"id":1,"out":{"area":2}})");
  EXPECT_THAT(lines[1], StartsWith(R"({"id":null,"error":"line 3: malformed)"));
  EXPECT_EQ(lines[2], R"({"id":3,"out":{"area":3}})");
  EXPECT_EQ(lines[3], "");
  std::fclose(in);
  std::fclose(out);
}

TEST(AnswerMaskOpsTest, UnreadableInputAndUnwritableOutput) {
  std::FILE* directory = std::fopen("/", "r");
  std::FILE* null = std::fopen("/dev/null", "r");
  ASSERT_NE(directory, nullptr);
  ASSERT_NE(null, nullptr);
  EXPECT_THAT(AnswerMaskOps(directory, stdout).message(),
              HasSubstr("input, line 1: Is a directory"));
  std::FILE* in = std::tmpfile();
  std::fputs("{}\n", in);
  std::rewind(in);
  EXPECT_THAT(AnswerMaskOps(in, null).message(), HasSubstr("output, line 1"));
  for (std::FILE* file : {directory, null, in}) std::fclose(file);
}

}  // namespace
}  // namespace fcis::eval
