// The program as its user meets it: files in, numbers and files out.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis {
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

class EvalMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
    const auto program = FindRunfile("fcis/eval/eval_main");
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

TEST_F(EvalMainTest, PrintsAndWritesEverything) {
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

TEST_F(EvalMainTest, TableIsAChoice) {
  const std::string none = "[]";
  EXPECT_THAT(Score(none, "--table none").out, Not(HasSubstr("mean")));
  EXPECT_THAT(Score(none, "--table csv").out, HasSubstr("item,AP,AP50"));
  EXPECT_EQ(Score(none, "--table html").code, 2);
}

TEST_F(EvalMainTest, ReadsPipes) {
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

TEST_F(EvalMainTest, WrongCommandLines) {
  EXPECT_EQ(Run("--annotations gt.json").code, 2);
  EXPECT_EQ(Run("--iou_type masks --annotations a --results b").code, 2);
  EXPECT_EQ(Score("[]", "--max_dets 0").code, 2);
  EXPECT_EQ(Score("[]", "extra").code, 2);
  const Outcome help = Run("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("--iou_type"));
}

TEST_F(EvalMainTest, BadFilesAreRunErrors) {
  EXPECT_EQ(Run("--annotations no.json --results no.json").code, 1);
  const Outcome outcome = Score("[{\"image_id\": 1,");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("dt.json: results[0]: byte 16"));
  EXPECT_THAT(outcome.out, IsEmpty());
}

// Findings are warnings; exit code and numbers stay.
TEST_F(EvalMainTest, SaysWhereAZeroMayComeFrom) {
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
  EXPECT_THAT(
      warning(list(Detection(3, "[50, 50, 20, 20]", .9)), "--image_ids 1,5"),
      HasSubstr("1 of the ids in --image_ids"));
  EXPECT_THAT(
      warning(list(Detection(3, "[50, 50, 20, 20]", .9)), "--iou_type segm"),
      HasSubstr("areas of detections are those of their \"bbox\""));
  Save("gt.json", R"({"images": [{"id": 1}], "categories": [{"id": 3}]})");
  EXPECT_THAT(warning(list(Detection(3, "[50, 50, 20, 20]", .9))),
              HasSubstr("no ground truth"));
}

}  // namespace
}  // namespace fcis
