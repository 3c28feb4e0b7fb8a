// The program as its user meets it: files in, numbers and files out.
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::eval {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kTruth[] = R"({
  "images": [{"id": 1, "height": 100, "width": 100}],
  "categories": [{"id": 3, "name": "cat"}, {"id": 1, "name": "dog"},
                 {"id": 2, "name": "cow"}],
  "annotations": [
    {"id": 1, "image_id": 1, "category_id": 3, "area": 400, "iscrowd": 0,
     "bbox": [50, 50, 20, 20],
     "segmentation": [[50, 50, 70, 50, 70, 70, 50, 70]]},
    {"id": 2, "image_id": 1, "category_id": 1, "area": 100, "iscrowd": 0,
     "bbox": [10, 10, 10, 10],
     "segmentation": [[10, 10, 20, 10, 20, 20, 10, 20]]}]})";

std::string Detection(int category, const std::string& box, double score) {
  return absl::StrCat(R"({"image_id": 1, "category_id": )", category,
                      R"(, "bbox": )", box, R"(, "score": )", score, "}");
}

struct Outcome {
  int code = -1;
  std::string out, err;
};

class ScoreMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
    const auto program = FindRunfile("fcis/eval/score_main");
    ASSERT_TRUE(program.ok()) << program.status();
    program_ = *program;
    Save("gt.json", kTruth);
  }

  std::string Path(const std::string& name) const {
    return (root_ / name).string();
  }
  void Save(const std::string& name, const std::string& text) const {
    ASSERT_TRUE(WriteFileAtomic(Path(name), text).ok());
  }
  std::string Load(const std::string& name) const {
    const auto text = ReadFile(Path(name));
    EXPECT_TRUE(text.ok()) << text.status();
    return text.ok() ? *text : "";
  }

  Outcome Run(const std::string& arguments) const {
    const std::string command =
        absl::StrCat("cd ", root_.string(), " && ", program_,
                     " < /dev/null > out.txt 2> err.txt ", arguments);
    Outcome outcome;
    outcome.code = WEXITSTATUS(std::system(command.c_str()));
    outcome.out = Load("out.txt");
    outcome.err = Load("err.txt");
    return outcome;
  }
  // Of detections, by boxes.
  Outcome Score(const std::string& detections,
                const std::string& flags = "") const {
    Save("dt.json", detections);
    return Run(
        absl::StrCat("--annotations gt.json --results dt.json "
                     "--iou_type bbox ",
                     flags));
  }

  fs::path root_;
  std::string program_;
};

TEST_F(ScoreMainTest, PrintsAndWritesEverything) {
  const Outcome outcome =
      Score(absl::StrCat("[", Detection(3, "[50, 50, 20, 20]", .9), "]"),
            "--output_json o.json --output_csv o.csv --output_markdown o.md "
            "--output_curves c.json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out,
              HasSubstr(" Average Precision  (AP) @[ IoU=0.50:0.95 | area=   "
                        "all | maxDets=100 ] = 0.500\n"
                        " Average Precision  (AP) @[ IoU=0.50      | area=   "
                        "all | maxDets=100 ] = 0.500\n"));
  EXPECT_THAT(outcome.out,
              HasSubstr(" Average Recall     (AR) @[ IoU=0.50:0.95 | area= "
                        "large | maxDets=100 ] = -1.000\n"));
  // In the file's order; a class without ground truth keeps its row.
  EXPECT_THAT(
      outcome.out,
      HasSubstr("| **mean** | 0.5000 | 0.5000 | 0.5000 | 0.5000 | nan | nan |\n"
                "| cat | 1.0000 | 1.0000 | 1.0000 | 1.0000 | nan | nan |\n"
                "| dog | 0.0000 | 0.0000 | 0.0000 | 0.0000 | nan | nan |\n"
                "| cow | nan | nan | nan | nan | nan | nan |\n"));
  EXPECT_THAT(outcome.out, HasSubstr(Load("o.md")));
  EXPECT_THAT(Load("o.csv"), HasSubstr("cow,nan,nan,nan,nan,nan,nan\n"));

  rapidjson::Document json;
  json.Parse(Load("o.json").c_str());
  ASSERT_FALSE(json.HasParseError());
  ASSERT_EQ(json["stats"].Size(), 12u);
  EXPECT_DOUBLE_EQ(json["stats"][0].GetDouble(), .5);
  EXPECT_EQ(json["stats"][5].GetDouble(), -1);
  EXPECT_EQ(json["num_images"].GetInt(), 1);
  ASSERT_EQ(json["per_category"].Size(), 3u);
  EXPECT_EQ(json["per_category"][0]["category_id"].GetInt(), 3);
  EXPECT_STREQ(json["per_category"][2]["name"].GetString(), "cow");
  EXPECT_EQ(json["per_category"][2]["AP"].GetDouble(), -1);
  EXPECT_TRUE(json["seconds"].IsObject());

  json.Parse(Load("c.json").c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_EQ(json["precision"].Size(), 10u * 101 * 3 * 4 * 3);
  EXPECT_EQ(json["recall"].Size(), 10u * 3 * 4 * 3);
}

// AP by pycocotools 2.0.11 for each range alone, as that called "all".
TEST_F(ScoreMainTest, Case61OwnAreaRanges) {
  const std::string detections =
      absl::StrCat("[", Detection(3, "[50, 50, 20, 16]", .9), ", ",
                   Detection(1, "[10, 10, 10, 8]", .8), ", ",
                   Detection(1, "[40, 10, 12, 10]", .9), "]");
  const Outcome outcome =
      Score(detections,
            "--area_ranges all:0:1e10,xsmall:0:256,small:256:1024,vast:9e3:1e9 "
            "--output_json o.json --output_csv o.csv --report_html o.html");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  const std::string first = " @[ IoU=0.50:0.95 | area=";
  EXPECT_THAT(outcome.out, HasSubstr("(AP)" + first +
                                     "xsmall | maxDets=100 ] = "
                                     "0.350\n"));
  EXPECT_THAT(outcome.out, HasSubstr("(AR)" + first +
                                     "xsmall | maxDets=100 ] = "
                                     "0.700\n"));
  EXPECT_THAT(outcome.out, HasSubstr("(AP)" + first +
                                     "  vast | maxDets=100 ] = "
                                     "-1.000\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("medium")));
  EXPECT_THAT(outcome.out, HasSubstr("(xsmall) | AP/iou@[0.5:0.95] (small) |"));
  EXPECT_THAT(Load("o.csv"),
              HasSubstr("item,AP,AP50,AP75,AP_xsmall,AP_small,AP_vast\n"
                        "mean,0.5250,0.7500,0.7500,0.3500,0.7000,nan\n"));
  const std::string page = Load("o.html");
  EXPECT_THAT(page, HasSubstr("\"size_columns\":[\"AP_xsmall\",\"AP_small\","
                              "\"AP_vast\"],\"sizes\":[{\"label\":\"xsmall\""));

  rapidjson::Document json;
  json.Parse(Load("o.json").c_str());
  ASSERT_FALSE(json.HasParseError());
  // The twelve stay what pycocotools says: there is no range "large".
  ASSERT_EQ(json["stats"].Size(), 12u);
  EXPECT_EQ(json["stats"][5].GetDouble(), -1);
  const auto& ranges = json["area_ranges"];
  ASSERT_EQ(ranges.Size(), 4u);
  EXPECT_EQ(ranges[0]["AP"].GetDouble(), json["stats"][0].GetDouble());
  EXPECT_STREQ(ranges[1]["label"].GetString(), "xsmall");
  EXPECT_DOUBLE_EQ(ranges[1]["AP"].GetDouble(), .35);
  EXPECT_DOUBLE_EQ(ranges[1]["AR"].GetDouble(), .7);
  EXPECT_DOUBLE_EQ(ranges[2]["AP"].GetDouble(), .7);
  EXPECT_EQ(ranges[3]["AR"].GetDouble(), -1);
  EXPECT_EQ(json["per_category"][2]["AP_xsmall"].GetDouble(), -1);
  EXPECT_FALSE(json["mean"].HasMember("APs"));
}

TEST_F(ScoreMainTest, RangesWithoutEnd) {
  const Outcome outcome =
      Score("[]", "--area_ranges all:0:inf,none:-inf:0 --output_json o.json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(Load("o.json"), HasSubstr("\"high\": 1e999,"));
  EXPECT_THAT(Load("o.json"), HasSubstr("\"low\": -1e999,"));
}

TEST_F(ScoreMainTest, Case70TextAgainstNumberInResults) {
  const Outcome outcome =
      Score(R"([{"image_id": 1, "category_id": "3", "score": 0.9,
                 "bbox": [50, 50, 20, 20]}])",
            "--output_json o.json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("maxDets=100 ] = 0.000\n"));
  EXPECT_THAT(outcome.err, HasSubstr("(the first is \"3\"; \"3\" is text where "
                                     "\"categories\" has the number 3)"));
  EXPECT_THAT(Load("o.json"), HasSubstr("is text where"));
}

// Each has its own row under its own name, with pycocotools' numbers.
TEST_F(ScoreMainTest, CategoriesOfOneNameAreShownWithTheirIds) {
  std::string text = kTruth;
  text.replace(text.find("dog"), 3, "cat");
  Save("gt.json", text);
  const Outcome outcome =
      Score(absl::StrCat("[", Detection(3, "[50, 50, 20, 20]", .9), "]"),
            "--output_csv o.csv --output_markdown o.md --output_json o.json "
            "--report_html o.html");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              HasSubstr("share their name with another: cat (id 1), cat "
                        "(id 3); each is scored"));
  for (const std::string& table : {outcome.out, Load("o.md")}) {
    EXPECT_THAT(table, HasSubstr("| cat (id 3) | 1.0000 |"));
    EXPECT_THAT(table, HasSubstr("| cat (id 1) | 0.0000 |"));
    EXPECT_THAT(table, HasSubstr("| cow | nan |"));
  }
  EXPECT_THAT(Load("o.csv"), HasSubstr("\ncat (id 3),1.0000,"));
  const std::string page = Load("o.html");
  EXPECT_THAT(page, HasSubstr("{\"label\":\"cat (id 1)\","));
  EXPECT_THAT(page, Not(HasSubstr("{\"label\":\"cat\",")));
  rapidjson::Document json;
  json.Parse(Load("o.json").c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_STREQ(json["per_category"][1]["name"].GetString(), "cat");
  EXPECT_EQ(json["per_category"][1]["category_id"].GetInt(), 1);
  ASSERT_EQ(json["warnings"].Size(), 1u);
  EXPECT_THAT(json["warnings"][0].GetString(), HasSubstr("share their name"));
}

TEST_F(ScoreMainTest, TableIsAChoice) {
  const std::string none = "[]";
  EXPECT_THAT(Score(none, "--table none").out, Not(HasSubstr("mean")));
  EXPECT_THAT(Score(none, "--table csv").out, HasSubstr("item,AP,AP50"));
  EXPECT_EQ(Score(none, "--table html").code, 2);
}

TEST_F(ScoreMainTest, ReadsPipes) {
  Save("dt.json", absl::StrCat("[", Detection(3, "[50, 50, 20, 20]", .9), "]"));
  const Outcome outcome =
      Run("--annotations gt.json --iou_type bbox --results /dev/stdin "
          "--table none < dt.json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("= 0.500"));
  // A hopeless result is looked at twice, which a pipe does not allow.
  Save("dt.json", absl::StrCat("[", Detection(1, "[50, 50, 20, 20]", .9), "]"));
  EXPECT_EQ(Run("--annotations gt.json --iou_type bbox --results /dev/stdin "
                "< dt.json")
                .code,
            0);
}

TEST_F(ScoreMainTest, WrongCommandLines) {
  EXPECT_EQ(Run("--annotations gt.json").code, 2);
  EXPECT_EQ(Run("--iou_type masks --annotations a --results b").code, 2);
  EXPECT_EQ(Score("[]", "--max_dets 0").code, 2);
  EXPECT_EQ(Score("[]", "extra").code, 2);
  EXPECT_EQ(Score("[]", "--threads -1").code, 2);
  EXPECT_EQ(Score("[]", "-m some_model.npz").code, 2);
  for (const char* coco : {"--max_dets 5", "--area_ranges all:0:9"}) {
    const Outcome outcome = Score("[]", absl::StrCat("--metric voc ", coco));
    EXPECT_EQ(outcome.code, 2);
    EXPECT_THAT(outcome.err, HasSubstr("goes with --metric coco"));
  }
  const Outcome help = Run("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("--iou_type"));
}

TEST_F(ScoreMainTest, NoOutputTakesThePlaceOfAnInput) {
  const std::string found =
      absl::StrCat("[", Detection(3, "[50, 50, 20, 20]", .9), "]");
  for (const char* flags : {"--output_json gt.json", "--output_csv ./dt.json",
                            "--output_curves c.json --report_html c.json"}) {
    const Outcome outcome = Score(found, flags);
    EXPECT_EQ(outcome.code, 2) << flags;
    EXPECT_THAT(outcome.err, HasSubstr("are the same file"));
    EXPECT_EQ(Load("gt.json"), kTruth);
    EXPECT_EQ(Load("dt.json"), found);
    EXPECT_FALSE(fs::exists(Path("c.json")));
  }
}

TEST_F(ScoreMainTest, JsonGoesToStandardOutputToo) {
  const Outcome outcome = Score("[]", "--table none --output_json /dev/stdout");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const size_t json = outcome.out.find("\n{");
  ASSERT_NE(json, std::string::npos) << outcome.out;
  EXPECT_THAT(outcome.out.substr(0, json), HasSubstr("Average Precision"));
  rapidjson::Document document;
  EXPECT_FALSE(document.Parse(outcome.out.c_str() + json).HasParseError());
}

// Else it would be said behind the work, and the scores.
TEST_F(ScoreMainTest, PicturesThatAreMissingAreSaidBefore) {
  const Outcome outcome = Score("[]", "--report_html o.html --image_dir none");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("--image_dir none: not a directory"));
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_EQ(Score("[]", "--image_dir .").code, 2);
}

TEST_F(ScoreMainTest, BadFilesAreRunErrors) {
  EXPECT_EQ(Run("--annotations no.json --results no.json").code, 1);
  const Outcome outcome = Score("[{\"image_id\": 1,");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("dt.json: results[0]: byte 16"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

// Each names the file, the byte or the index, and what was expected; standard
// output stays empty, for it may be read by another program.
TEST_F(ScoreMainTest, BadResultsAreNamed) {
  const std::string good = Detection(3, "[50, 50, 20, 20]", .9);
  const auto mask = [](const std::string& segmentation) {
    return absl::StrCat(R"([{"image_id": 1, "category_id": 3, "score": 0.5, )",
                        R"("segmentation": )", segmentation, "}]");
  };
  struct Bad {
    std::string text;
    std::vector<std::string> parts;
  };
  const std::vector<Bad> all = {
      {"", {"byte 0", "expected a list of detections"}},
      {absl::StrCat("[", good), {"results", "expected ',' or ']'"}},
      {absl::StrCat("[", good, ",]"), {"results[1]", "expected an object"}},
      {absl::StrCat("[", good, "] x"),
       {"byte", "expected the end of the file"}},
      {absl::StrCat("[", good, "][]"), {"expected the end of the file"}},
      {absl::StrCat("[", good, " ", good, "]"), {"expected ',' or ']'"}},
      {std::string(1000000, '['), {"results[0]", "expected an object"}},
      {absl::StrCat(R"([{"x": )", std::string(1000000, '['), "]"),
       {"results[0]", "nested deeper"}},
      {absl::StrCat("{\"results\": [", good, "]}"), {"expected a list"}},
      {R"([{"image_id": 7, "category_id": 3, "score": 1, "bbox": [1,2,3,4]}])",
       {"results[0]", "image_id 7 is not in"}},
      {R"([{"image_id": 1, "category_id": 3, "bbox": [1,2,3,4]}])",
       {"results[0]", "no \"score\""}},
      {R"([{"image_id": 1, "category_id": 3, "score": "1", "bbox": [1]}])",
       {"results[0]", "expected a score, a number"}},
      {R"([{"image_id": 1, "category_id": 3, "score": NaN, "bbox": [1]}])",
       {"results[0]", "not finite"}},
      {R"([{"image_id": 1, "category_id": 3, "score": 1, "bbox": [1, 2]}])",
       {"results[0]", "[x, y, width, height]"}},
      {R"([{"image_id": 1, "category_id": 3, "score": 1}])",
       {"results[0]", "neither \"bbox\" nor \"segmentation\""}},
      {absl::StrCat("[", good, R"(, {"image_id": 1, "category_id": 3, )",
                    R"("score": 1, "segmentation": []}])"),
       {"results[1]", "no \"bbox\""}},
      {mask(R"({"size": [9, 9], "counts": "zzzzz"})"), {"results[0]", "RLE"}},
      {mask(R"({"size": [1, 1], "counts": "9"})"), {"results[0]", "RLE"}},
      {mask(R"({"size": [99999, 99999], "counts": "1"})"), {"results[0]"}},
      {mask(R"({"counts": "1"})"), {"results[0]", "no \"size\""}},
      {mask("3"), {"results[0]", "expected a segmentation"}},
  };
  for (const Bad& bad : all) {
    const Outcome outcome = Score(bad.text);
    const std::string shown = bad.text.substr(0, 100);
    EXPECT_EQ(outcome.code, 1) << shown;
    EXPECT_THAT(outcome.out, IsEmpty()) << shown;
    EXPECT_THAT(outcome.err, HasSubstr("dt.json: ")) << shown;
    for (const std::string& part : bad.parts) {
      EXPECT_THAT(outcome.err, HasSubstr(part)) << shown;
    }
  }
}

TEST_F(ScoreMainTest, BadAnnotationsAreNamed) {
  for (const auto& [from, to, expected] :
       std::vector<std::array<std::string, 3>>{
           {"{\n", "[", "expected an object"},
           {"]}", "]} {", "expected the end of the file"},
           {"\"area\": 400, ", "",
            "annotation id 1 (annotations[0]): \"area\""},
           {"\"bbox\": [50", "\"b\": [50",
            "annotation id 1 (annotations[0]): \"bbox\""},
           {"[50, 50, 20, 20]", "[50, \"50\"]", "found [50, \"50\"]"},
           {"\"image_id\": 1, ", "", "annotations[0]"},
           {"\"categories\": [", "\"categories\": [3, ", "categories[0]"}}) {
    std::string text = kTruth;
    const size_t at = from == "]}" ? text.rfind(from) : text.find(from);
    ASSERT_NE(at, text.npos) << from;
    Save("gt.json", text.replace(at, from.size(), to));
    const Outcome outcome = Score("[]");
    EXPECT_EQ(outcome.code, 1) << from;
    EXPECT_THAT(outcome.out, IsEmpty()) << from;
    EXPECT_THAT(outcome.err, HasSubstr("gt.json: "));
    EXPECT_THAT(outcome.err, HasSubstr(expected));
  }
  // Boxes are compared without it.
  std::string text = kTruth;
  Save("gt.json",
       text.replace(text.find("\"width\": 100"), 12, "\"width\": -1"));
  const Outcome outcome = Score("[]");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("image id 1 (images[0]): \"width\""));
}

TEST_F(ScoreMainTest, BadAnnotationsCanBeSkipped) {
  std::string text = kTruth;
  const std::string box = "[50, 50, 20, 20]";
  Save("gt.json", text.replace(text.find(box), box.size(), "null"));
  const Outcome outcome = Score("[]", "--bad_annotations=skip");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("1 bad records are left out"));
  EXPECT_THAT(outcome.err, HasSubstr("found null"));
  EXPECT_EQ(Score("[]", "--bad_annotations=leave").code, 2);
  EXPECT_EQ(Score("[]", "--max_messages=-1").code, 2);
}

// What is not needed is a remark.
TEST_F(ScoreMainTest, Case41AnOddSizeIsNoMatterForBoxes) {
  std::string text = kTruth;
  const std::string width = "\"width\": 100";
  Save("gt.json",
       text.replace(text.find(width), width.size(), "\"width\": \"100\""));
  const Outcome outcome = Score("[]");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              HasSubstr("(images[0]): \"width\": expected a number "
                        "of pixels, found \"100\""));
}

// Not a byte beyond the first is looked at.
TEST_F(ScoreMainTest, AGigabyteThatIsNotJsonFailsAtOnce) {
  constexpr uintmax_t kGigabyte = uintmax_t{1} << 30;
  Save("big.json", "x");
  std::error_code error;
  fs::resize_file(Path("big.json"), kGigabyte, error);  // no disk is used
  if (error) GTEST_SKIP() << error.message();
  for (const char* const files : {"--annotations gt.json --results big.json",
                                  "--annotations big.json --results gt.json"}) {
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = Run(files);
    const std::chrono::duration<double> taken =
        std::chrono::steady_clock::now() - start;
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr("big.json: byte 0: expected"));
    EXPECT_LT(taken.count(), 5);
  }
}

// Accepted as Python does, with one line each; the numbers are those of the
// plain file.
TEST_F(ScoreMainTest, OddFilesAreTakenWithOneWarning) {
  const std::string good = Detection(3, "[50, 50, 20, 20]", .9);
  const Outcome plain = Score(absl::StrCat("[", good, "]"));
  EXPECT_THAT(plain.err, IsEmpty());
  const auto expect = [&](const Outcome& outcome, const char* warning) {
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.out, plain.out);
    EXPECT_THAT(outcome.err, HasSubstr(warning));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1)
        << outcome.err;
  };
  const std::string twice =
      absl::StrCat("[{\"score\": 7, ", good.substr(1), "]");
  expect(Score(twice), "duplicate keys in 1 JSON objects");
  expect(Score(absl::StrCat("[", good, ", ",
                            Detection(9, "[50, 50, 20, 20]", .9), "]")),
         "do not list (the first is 9)");
  expect(Score(absl::StrCat("[", Detection(3, "[50, 50, 20, 20]", 1.5), "]")),
         "outside [0, 1]");
  std::string text = kTruth;
  text.replace(text.find("\"area\": 400"), 11, "\"area\": 1, \"area\": 400");
  Save("gt.json", text);
  expect(Score(absl::StrCat("[", good, "]")), "duplicate keys in 1 JSON");
  text = kTruth;
  for (size_t at = 0; (at = text.find("\"image_id\": 1", at)) != text.npos;
       at += 15) {
    text.replace(at, 13, "\"image_id\": \"1\"");
  }
  text.replace(text.find("\"id\": 1, \"height\""), 7, "\"id\": \"1\"");
  Save("gt.json", text);
  std::string named = good;
  named.replace(named.find(": 1,"), 4, ": \"1\",");
  expect(Score(absl::StrCat("[", named, "]")), "are strings");
}

TEST_F(ScoreMainTest, MasksOfAnotherSizeMatchNothing) {
  Save("dt.json", R"([{"image_id": 1, "category_id": 3, "score": 0.5,
    "segmentation": {"size": [20, 20], "counts": [0, 400]}}])");
  const Outcome outcome = Run("--annotations gt.json --results dt.json");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.err,
              HasSubstr("1 of 1 masks have another size than their picture "
                        "(the first is results[0])"));
  EXPECT_THAT(outcome.out, HasSubstr("maxDets=100 ] = 0.000\n"));
}

// What a pipe or a process substitution gives, once; a report needs no more.
TEST_F(ScoreMainTest, ReadsNamedPipes) {
  Save("dt.json", absl::StrCat("[", Detection(3, "[50, 50, 20, 20]", .9), "]"));
  ASSERT_EQ(mkfifo(Path("a").c_str(), 0600), 0);
  ASSERT_EQ(mkfifo(Path("b").c_str(), 0600), 0);
  const std::string feed = absl::StrCat(
      "cd ", root_.string(), " && (cat gt.json > a & cat dt.json > b &)");
  ASSERT_EQ(std::system(feed.c_str()), 0);
  const Outcome outcome =
      Run("--annotations a --results b --iou_type bbox --table none "
          "--report_html o.html");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("= 0.500"));
  EXPECT_THAT(Load("o.html"), HasSubstr("\"results\":\"b\""));
  // A hopeless result is not looked at twice: nobody writes it again.
  Save("dt.json", absl::StrCat("[", Detection(1, "[50, 50, 20, 20]", .9), "]"));
  ASSERT_EQ(std::system(feed.c_str()), 0);
  EXPECT_EQ(Run("--annotations a --results b --iou_type bbox").code, 0);
}

TEST_F(ScoreMainTest, PascalVocsMetric) {
  const Outcome outcome =
      Score(absl::StrCat("[", Detection(3, "[50, 50, 20, 20]", .9), "]"),
            "--metric voc --output_json voc.json --output_csv voc.csv");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("mAP@0.50 "));
  EXPECT_THAT(outcome.out, HasSubstr("| Item | AP@0.50 | AP@0.70 |"));
  EXPECT_THAT(Load("voc.json"), HasSubstr("\"metric\": \"voc\""));
  EXPECT_THAT(Load("voc.csv"), HasSubstr("Item,AP@0.50"));
  EXPECT_EQ(Score("[]", "--metric pascal").code, 2);
  EXPECT_EQ(Score("[]", "--metric voc --report_html o.html").code, 2);
}

// Findings are warnings; exit code and numbers stay.
TEST_F(ScoreMainTest, SaysWhereAZeroMayComeFrom) {
  const auto list = [](const std::string& detection) {
    return absl::StrCat("[", detection, "]");
  };
  const auto warning = [&](const std::string& detections,
                           const std::string& flags = "") {
    const Outcome outcome = Score(detections, flags);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.err;
  };
  EXPECT_THAT(warning("[]"), HasSubstr("the results are empty"));
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 70, 70]", .9))),
              HasSubstr("look like corners"));
  EXPECT_THAT(warning(list(Detection(3, "[0.5, 0.5, 0.2, 0.2]", .9))),
              HasSubstr("look relative"));
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 20, 20]", 90))),
              HasSubstr("1 of 1 scores are outside [0, 1]"));
  EXPECT_THAT(warning(list(Detection(9, "[50, 50, 20, 20]", .9))),
              HasSubstr("do not list (the first is 9)"));
  EXPECT_THAT(warning(list(Detection(9, "[50, 50, 20, 20]", .9))),
              HasSubstr("nothing in common"));
  EXPECT_THAT(
      warning(absl::StrCat("[", Detection(1, "[50, 50, 20, 20]", .9), ",",
                           Detection(2, "[10, 10, 10, 10]", .9), "]")),
      HasSubstr("off by a mapping"));
  EXPECT_THAT(warning(list(Detection(3, "[0, 0, 5, 5]", .9))),
              HasSubstr("no detection overlaps"));
  EXPECT_THAT(
      warning(list(Detection(3, "[50, 50, 20, 20]", .9)), "--max_dets 1,2,3"),
      HasSubstr("has no 100"));
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 20, 20]", .9)),
                      "--area_ranges tiny:0:100"),
              HasSubstr("range \"all\""));
  EXPECT_THAT(
      warning(list(Detection(3, "[50, 50, 20, 20]", .9)), "--image_ids 1,5,5"),
      HasSubstr("1 of the ids in --image_ids are not in gt.json: 5\n"));
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 20, 20]", .9)),
                      "--category_ids cat,3,9"),
              HasSubstr("2 of the ids in --category_ids are not in gt.json: 9, "
                        "\"cat\"\n"));
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 20, 20]", .9)),
                      "--iou_type segm --boxes_as_masks"),
              HasSubstr("areas of detections are those of their \"bbox\""));
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 20, 20]", .9)),
                      "--iou_type segm --boxes_as_masks --metric voc"),
              IsEmpty());
  Save("gt.json", R"({"images": [{"id": 1}], "categories": [{"id": 3}]})");
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 20, 20]", .9))),
              HasSubstr("no ground truth"));
}

}  // namespace
}  // namespace fcis::eval
