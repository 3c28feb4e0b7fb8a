#include "fcis/eval/mask_ops/mask_ops.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::eval {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = rapidjson::Value;

// NaN and Infinity are numbers, as for Python.
void Parse(absl::string_view text, rapidjson::Document& document) {
  document.Parse<rapidjson::kParseNanAndInfFlag |
                 rapidjson::kParseFullPrecisionFlag>(text.data(), text.size());
  EXPECT_FALSE(document.HasParseError()) << text;
}

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
      const auto other = b.FindMember(member.name);
      if (other == b.MemberEnd() || !Same(member.value, other->value)) {
        return false;
      }
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
    Parse(line, request);
    Parse(answered, answer);
    const Json& expected = request["out"];
    EXPECT_TRUE(Same(request["id"], answer["id"]));
    EXPECT_EQ(answer.MemberCount(), 2u);
    if (expected.HasMember("error")) {
      EXPECT_TRUE(answer.HasMember("error")) << line << "\n" << answered;
      ++replay.errors;
    } else {
      const bool same =
          answer.HasMember("out") && Same(expected, answer["out"]);
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

TEST(MaskOpsTest, EchoesAnyScalarIdAsItWasWritten) {
  for (const char* id :
       {"7", "-9223372036854775808", "18446744073709551615",
        "18446744073709551616", "0.1", "1e2", "NaN", "-Infinity", "null",
        "true", R"("a\"b")", R"("\u00e9\u0000")", "\"\xc3\xa9\""}) {
    EXPECT_THAT(AnswerMaskOp(absl::StrCat("{\"id\": ", id, " }"), 1),
                StartsWith(absl::StrCat("{\"id\":", id, ",\"error\":")));
  }
  for (const char* id : {"[1]", "{}"}) {
    EXPECT_THAT(AnswerMaskOp(absl::StrCat("{\"id\":", id, "}"), 1),
                StartsWith("{\"id\":null,\"error\":"));
  }
}

// What "out" has for the operation, without its braces.
std::string Out(const char* op, absl::string_view in) {
  std::string answer =
      AnswerMaskOp(absl::StrCat(R"({"op": ")", op, R"(", "in": )", in, "}"), 1);
  const std::string begin = R"({"id":null,"out":{)";
  EXPECT_THAT(answer, StartsWith(begin)) << op << " " << in;
  if (answer.size() < begin.size() + 2) return answer;
  return answer.substr(begin.size(), answer.size() - begin.size() - 2);
}

TEST(MaskOpsTest, LastOfSeveralMembersCounts) {
  EXPECT_EQ(Out("encode", R"({"h": 1, "\u0068": 3, "w": 1,
                              "rows": ["0", "1", "1"]})"),
            R"("counts":"12","runs":[1,2],"area":2,"bbox":[0.0,1.0,1.0,2.0])");
  EXPECT_EQ(AnswerMaskOp(R"({"id": 1, "op": "area", "in": 3, "op": "iou",
                             "in": {"dt": [], "gt": [], "iscrowd": []},
                             "id": 2})",
                         1),
            R"({"id":2,"out":{"iou":[]}})");
}

TEST(MaskOpsTest, ByteOrderMarkIsPassedOver) {
  EXPECT_EQ(AnswerMaskOp("\xef\xbb\xbf{\"id\": 1, \"op\": \"area\", \"in\": "
                         "{\"size\": [1, 3], \"counts\": \"12\"}}",
                         1),
            R"({"id":1,"out":{"area":2}})");
}

TEST(MaskOpsTest, WholeNumbersAndFlagsInAnyForm) {
  EXPECT_EQ(Out("area", R"({"counts": [6, 2.0, 1], "size": [3, 4.0]})"),
            R"("area":2)");
  EXPECT_EQ(Out("fromRuns", R"({"size": [3.0, 4e0], "runs": [6, 2.0, 1]})"),
            R"("counts":"621","area":2,"bbox":[2.0,0.0,1.0,2.0])");
  EXPECT_EQ(Out("bbIou", R"({"dt": [[0, 0, 2, 2]], "gt": [[0, 0, 4, 2],
                [0, 0, 4, 2], [0, 0, 4, 2], [0, 0, 4, 2], [0, 0, 4, 2]],
                "iscrowd": [0, 1, true, false, 255.0]})"),
            R"("iou":[[0.5,1.0,1.0,0.5,1.0]])");
  for (const char* flag : {"1", "true", "1.0", "2"}) {
    EXPECT_EQ(
        Out("merge", absl::StrCat(R"({"rles": [{"size": [1, 3], "counts": "03"},
                                            {"size": [1, 3], "counts": "12"}],
                                   "intersect": )",
                                  flag, "}")),
        R"("size":[1,3],"counts":"12")");
  }
}

TEST(MaskOpsTest, NoPairsNoMatrix) {
  EXPECT_EQ(Out("bbIou", R"({"dt": [[0, 0, 1, 1]], "gt": [], "iscrowd": []})"),
            R"("iou":[])");
  EXPECT_EQ(Out("iou", R"({"dt": [], "iscrowd": [0], "gt": [
                           {"size": [2, 2], "counts": [4]}]})"),
            R"("iou":[])");
}

TEST(MaskOpsTest, NumbersThatJsonLacksAreAnsweredAsPythonHasThem) {
  EXPECT_EQ(Out("bbIou", R"({"dt": [[0, 0, NaN, 4], [NaN, 0, 0, 4]],
                             "gt": [[2, 2, 4, 4]], "iscrowd": [1]})"),
            R"("iou":[[NaN],[Infinity]])");
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
      {"{\"a\": [1, }", "malformed JSON at byte 10"},
      {"", "malformed JSON at byte 0"},
      {"1 2", "malformed JSON at byte 2"},
      {"\"\xff\"", "the line is not UTF-8"},
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
       "mask of 65535x65537 pixels: expected at most"},
      {R"({"op": "decode", "in": {"size": [8192, 8193], "counts": "0"}})",
       "mask of 8192x8193 pixels: expected at most 67108864 pixels or rows "
       "to decode"},
      {R"({"op": "decode", "in": {"size": [2147483647, 0], "counts": ""}})",
       "mask of 2147483647x0 pixels: expected at most"},
      {R"({"op": "merge", "in": {"rles": [], "intersect": "1"}})",
       "\\\"intersect\\\": expected 0 or 1"},
      {R"({"op": "bbIou", "in": {"dt": [], "gt": [[1, 2, 3, 4]],
          "iscrowd": []}})",
       "\\\"iscrowd\\\": 0 flags, expected 1"},
      {R"({"op": "frPoly", "in": {"h": 5, "w": 5,
          "polys": [[1, 2, 3, 4, 5, 1e9]]}})",
       "coordinate 5 is 1e+09"},
      {R"({"op": "frPoly", "in": {"h": 5, "w": 5, "polys": [[1, "2"]]}})",
       "\\\"polys[0]\\\": expected a list of numbers"},
      {R"({"op": "frPoly", "in": {"h": 5, "w": 5, "polys": {}}})",
       "\\\"polys\\\": expected a list"},
      {R"({"op": "frBbox", "in": {"h": 5, "w": 5, "boxes": [[1, 2, 3]]}})",
       "\\\"boxes[0]\\\": expected [x, y, width, height]"},
      {R"({"op": "frBbox", "in": {"h": 5, "w": 5, "boxes": [[1, 2, 3, 4],
          []]}})",
       "\\\"boxes[1]\\\": expected [x, y, width, height]"},
      {R"({"op": "frBbox", "in": {"h": 5, "w": 5, "boxes": [null]}})",
       "\\\"boxes[0]\\\": expected [x, y, width, height]"},
      {R"({"op": "encode", "in": {"h": 1, "w": 1, "rows": [1]}})",
       "\\\"rows[0]\\\": expected a string"},
      {R"({"op": "bbIou", "in": {"dt": [], "gt": [[1, 2, 3, 4]],
          "iscrowd": [256]}})",
       "\\\"iscrowd[0]\\\": expected 0 to 255"},
      {R"({"op": "bbIou", "in": {"dt": [], "gt": [[1, 2, 3, 4]],
          "iscrowd": [0.5]}})",
       "\\\"iscrowd[0]\\\": expected 0 to 255"},
      {R"({"op": "fromRuns", "in": {"size": [3], "runs": []}})",
       "\\\"size\\\": expected [height, width]"},
      {R"({"op": "fromRuns", "in": {"size": [3, 4], "runs": [1, -1]}})",
       "\\\"runs[1]\\\": expected an integer from 0 to 2^32 - 1"},
      {R"({"op": "fromRuns", "in": {"size": [3, 4], "runs": [4294967296]}})",
       "\\\"runs[0]\\\": expected an integer from 0 to 2^32 - 1"},
      {R"({"op": "fromRuns", "in": {"size": [3, 4], "runs": "66"}})",
       "\\\"runs\\\": expected a list"},
      {R"({"op": "merge", "in": {"rles": [{"size": [3, 4], "counts": "6"},
          {"size": [3, 4], "counts": "P"}]}})",
       "\\\"rles[1]\\\": corrupt RLE: counts end at byte 1"},
      {R"({"op": "merge", "in": {"rles": [[[0, 0, 0, 2, 2, 2]]]}})",
       "\\\"rles[0]\\\": expected an object with \\\"size\\\""},
      {R"({"op": "merge", "in": {"rles": [null]}})",
       "\\\"rles[0]\\\": expected an object with \\\"size\\\""},
  };
  for (const auto& c : cases) {
    const std::string answer = AnswerMaskOp(c.line, 12);
    EXPECT_THAT(answer, HasSubstr("\"error\":")) << c.line;
    EXPECT_THAT(answer, HasSubstr(c.error)) << c.line;
    EXPECT_THAT(answer, Not(HasSubstr("\"out\""))) << c.line;
  }
}

TEST(MaskOpsTest, IntegersAreWhole) {
  for (const char* text : {"3.5", "\"3\"", "null", "1e300", "NaN", "true", "-1",
                           "18446744073709551615"}) {
    EXPECT_THAT(
        AnswerMaskOp(
            absl::StrCat(R"({"op": "frBbox", "in": {"h": )", text, "}}"), 1),
        HasSubstr("\\\"h\\\": expected an integer"))
        << text;
  }
}

TEST(MaskOpsTest, WrongMasks) {
  for (const char* mask :
       {R"({"counts": "621"})", R"({"size": [3, 4]})",
        R"({"size": [3], "counts": "621"})", R"({"size": 3, "counts": "621"})",
        R"({"size": [3, "4"], "counts": "6"})",
        R"({"size": [3, 4], "counts": 6})",
        R"({"size": [3, 4], "counts": [7, 6]})",
        R"({"size": [3, 4], "counts": [7, -6]})",
        R"({"size": [3, 4], "counts": "77"})"}) {
    EXPECT_THAT(
        AnswerMaskOp(absl::StrCat(R"({"op": "area", "in": )", mask, "}"), 1),
        StartsWith(R"({"id":null,"error":"\"in\": )"))
        << mask;
  }
}

TEST(MaskOpsTest, DeepNestingIsAnError) {
  EXPECT_THAT(AnswerMaskOp(std::string(1000000, '['), 1),
              HasSubstr("nested deeper than"));
}

TEST(MaskOpsTest, HelpNamesEveryOperation) {
  for (const char* op : {"frPoly", "frBbox", "encode", "decode", "fromRuns",
                         "toRuns", "area", "toBbox", "merge", "iou", "bbIou"}) {
    EXPECT_THAT(kMaskOpsHelp, HasSubstr(op));
    EXPECT_THAT(
        AnswerMaskOp(absl::StrCat(R"({"op": ")", op, R"(", "in": {}})"), 1),
        AnyOf(HasSubstr("expected an object with"),
              HasSubstr("the segmentation has no \\\"size\\\"")));
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
