// Scoring a model as its user does: the program, a small model, pictures.
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/cli/paths.h"
#include "fcis/core/config/presets.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/codec/png.h"
#include "fcis/model/weights/deterministic_weights.h"
#include "fcis/model/weights/load.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"

namespace fcis::eval {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class ScoreModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
    setenv("HOME", root_.c_str(), 1);
    program_ = *FindRunfile("fcis/eval/eval_main");
    const auto config = Preset("parity_small");
    ASSERT_TRUE(config.ok()) << config.status();
    ASSERT_TRUE(model::SaveWeights(Path("m.safetensors"),
                                   model::DeterministicWeights(*config, 1))
                    .ok());
    std::string images, separator;
    for (int id = 1; id <= 3; ++id) {
      Image image(40 + id, 50);
      for (size_t i = 0; i < image.pixels.size(); ++i) {
        image.pixels[i] =
            static_cast<uint8_t>(i * 37 * static_cast<size_t>(id));
      }
      ASSERT_TRUE(WriteFileAtomic(Path(absl::StrCat(id, ".png")),
                                  *data::EncodePng(image))
                      .ok());
      absl::StrAppend(&images, separator, "{\"id\": ", id,
                      ", \"height\": ", 40 + id,
                      ", \"width\": 50, \"file_name\": \"", id, ".png\"}");
      separator = ", ";
    }
    ASSERT_TRUE(WriteFileAtomic(
                    Path("a.json"),
                    absl::StrCat("{\"images\": [", images,
                                 "], \"categories\": [{\"id\": 1, \"name\": \"",
                                 config->classes(0).name(), "\"}]}"))
                    .ok());
  }

  std::string Path(const std::string& name) const {
    return (root_ / name).string();
  }
  std::string Load(const std::string& name) const {
    const auto text = ReadFile(Path(name));
    return text.ok() ? *text : "";
  }
  // The exit code; what it says is in log.txt.
  int Run(const std::string& arguments, const std::string& before = "") const {
    return RunShell(absl::StrCat(before, " ", program_, " ", arguments));
  }
  int RunShell(const std::string& command) const {
    const int status =
        std::system(absl::StrCat("cd ", root_.string(), " && ", command,
                                 " < /dev/null > log.txt 2>&1")
                        .c_str());
    return WEXITSTATUS(status);
  }

  fs::path root_;
  std::string program_;
};

constexpr char kModel[] =
    "-m m.safetensors --ann_file a.json --image_dir . --threads 1 --out ";

TEST_F(ScoreModelTest, OneProcessOrTwoFindTheSame) {
  ASSERT_EQ(Run(absl::StrCat(kModel, "one --output_json o.json")), 0)
      << Load("log.txt");
  EXPECT_THAT(Load("log.txt"), HasSubstr("no ground truth"));
  EXPECT_THAT(Load("log.txt"), HasSubstr("one/results.json"));
  EXPECT_THAT(Load("one/results.json"), HasSubstr("\"segmentation\""));
  EXPECT_THAT(Load("o.json"), HasSubstr("\"stats\""));
  ASSERT_EQ(Run(absl::StrCat(kModel, "two"), Mpiexec(2)), 0) << Load("log.txt");
  EXPECT_EQ(Load("two/results.json"), Load("one/results.json"));
  // Another number of processes finds all done.
  ASSERT_EQ(Run(absl::StrCat(kModel, "two")), 0) << Load("log.txt");
  EXPECT_THAT(Load("log.txt"), HasSubstr("3 of 3 pictures were done before"));
}

// What the model says of scoring counts; a flag counts more.
TEST_F(ScoreModelTest, ScoresUnderTheModelsRules) {
  model::Weights weights = *model::LoadWeights(Path("m.safetensors"));
  weights.config.mutable_postprocess()->set_score_thresh(1);
  ASSERT_TRUE(model::SaveWeights(Path("m.safetensors"), weights).ok());
  ASSERT_EQ(Run(absl::StrCat(kModel, "all")), 0) << Load("log.txt");
  EXPECT_THAT(Load("all/results.json"), HasSubstr("segmentation"));
  weights.config.mutable_scoring()->set_score_thresh(1);
  ASSERT_TRUE(model::SaveWeights(Path("m.safetensors"), weights).ok());
  ASSERT_EQ(Run(absl::StrCat(kModel, "none")), 0) << Load("log.txt");
  EXPECT_THAT(Load("none/results.json"), Not(HasSubstr("segmentation")));
  ASSERT_EQ(Run(absl::StrCat(kModel, "flag --score_thresh 0.001")), 0)
      << Load("log.txt");
  EXPECT_EQ(Load("flag/results.json"), Load("all/results.json"));
}

TEST_F(ScoreModelTest, SaysWhatIsMissing) {
  EXPECT_EQ(Run(""), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("no minival2014"));
  EXPECT_THAT(Load("log.txt"), HasSubstr("download -- datasets "
                                         "--minival2014"));
  EXPECT_EQ(Run("--split minivan2014"), 2);
  EXPECT_EQ(Run("--ann_file a.json"), 2);
  EXPECT_EQ(Run("-m none.npz --ann_file a.json --image_dir ."), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("none.npz"));
  EXPECT_EQ(Run("-m m.safetensors --ann_file a.json --image_dir none"), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("not a directory"));
  EXPECT_EQ(Run(absl::StrCat(kModel, "o"), "rm 2.png &&"), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("1 of 3 pictures of "));
  EXPECT_THAT(Load("log.txt"), HasSubstr("2.png: No such file"));
}

TEST_F(ScoreModelTest, WhatCannotBeGivenIsSaidBeforeTheWork) {
  EXPECT_EQ(Run(absl::StrCat(kModel, "o --metric voc --report_html o.html")),
            2);
  EXPECT_THAT(Load("log.txt"), HasSubstr("goes with --metric coco"));
  EXPECT_EQ(Run(absl::StrCat(kModel, "o --report_html no/o.html")), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("--report_html no/o.html cannot be "
                                         "written: there is no directory no"));
  for (const char* taken : {"o/results.json", "a.json", "./m.safetensors"}) {
    EXPECT_EQ(Run(absl::StrCat(kModel, "o --output_json ", taken)), 2);
    EXPECT_THAT(Load("log.txt"), HasSubstr("are the same file"));
  }
  EXPECT_FALSE(fs::exists(Path("o")));
  EXPECT_EQ(Run(absl::StrCat(kModel, "o --output_json o/scores.json")), 0)
      << Load("log.txt");
  EXPECT_THAT(Load("o/scores.json"), HasSubstr("\"stats\""));
}

TEST_F(ScoreModelTest, TheReportShowsThePicturesOfASplit) {
  ASSERT_EQ(Run("--split scenes --out o --report_html o.html"), 0)
      << Load("log.txt");
  EXPECT_THAT(Load("o.html"), HasSubstr("/fcis/data/scenes/images/"));
}

// No model is named and none is there: the scenes have their own. Only
// eval_main was built, as by `bazel run`.
TEST_F(ScoreModelTest, ScenesComeWithTheirModel) {
  fs::copy_file(program_, root_ / "eval_main");
  fs::create_directory_symlink(getenv("TEST_SRCDIR"),
                               root_ / "eval_main.runfiles");
  program_ = Path("eval_main");
  constexpr char kNoTest[] = "env -u TEST_SRCDIR -u RUNFILES_DIR";
  ASSERT_EQ(Run("--split scenes --out o --output_json o.json", kNoTest), 0)
      << Load("log.txt");
  EXPECT_THAT(Load("log.txt"), HasSubstr("small_scenes.safetensors"));
  EXPECT_THAT(Load("log.txt"), HasSubstr("8 classes in common"));
  rapidjson::Document json;
  json.Parse(Load("o.json").c_str());
  ASSERT_FALSE(json.HasParseError());
  EXPECT_GT(json["stats"][0].GetDouble(), 0.6);
  // Any other data set gets the default model.
  ASSERT_EQ(Run("--nodownload --ann_file a.json --image_dir . --out p"), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("the embedded one (person, "));
}

// A seam of two processes and a directory: whatever changes, both know.
TEST_F(ScoreModelTest, Case67KeptDetectionsGoStale) {
  const std::string job = Mpiexec(2);
  ASSERT_EQ(Run(absl::StrCat(kModel, "o"), job), 0) << Load("log.txt");
  const std::string first = Load("o/results.json");
  const auto config = Preset("parity_small");
  ASSERT_TRUE(model::SaveWeights(Path("m.safetensors"),
                                 model::DeterministicWeights(*config, 2))
                  .ok());
  EXPECT_EQ(Run(absl::StrCat(kModel, "o --reuse"), job), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("m.safetensors was replaced"));
  EXPECT_EQ(Load("o/results.json"), first);
  ASSERT_EQ(Run(absl::StrCat(kModel, "o"), job), 0) << Load("log.txt");
  EXPECT_THAT(Load("log.txt"), HasSubstr("computing all again"));
  ASSERT_EQ(Run(absl::StrCat(kModel, "fresh")), 0) << Load("log.txt");
  EXPECT_NE(Load("fresh/results.json"), first);
  EXPECT_EQ(Load("o/results.json"), Load("fresh/results.json"));
  EXPECT_EQ(Run(absl::StrCat(kModel, "o --nms_thresh 0.2")), 0);
  EXPECT_THAT(Load("log.txt"), HasSubstr("postprocess.nms_thresh: 0.3 -> 0.2"));
}

// A score of rank 0's list, of which rank 1 knows a part, would be wrong.
TEST_F(ScoreModelTest, ProcessesWithDifferentPicturesAreRefused) {
  const std::string set = Load("a.json");
  const size_t last = set.rfind(", {\"id\": 3");
  ASSERT_NE(last, std::string::npos);
  ASSERT_TRUE(WriteFileAtomic(Path("b.json"),
                              set.substr(0, last) + set.substr(set.find("]")))
                  .ok());
  const auto both = [&](const std::string& first, const std::string& second) {
    const auto flags = [](const std::string& file) {
      return absl::StrReplaceAll(absl::StrCat(kModel, "o"), {{"a.json", file}});
    };
    return RunShell(TwoRanks(program_, flags(first), flags(second)));
  };
  EXPECT_EQ(both("a.json", "b.json"), 1);
  EXPECT_THAT(Load("log.txt"),
              HasSubstr("rank 1 differs from rank 0 in the number of pictures, "
                        "the list of pictures"));
  EXPECT_EQ(both("b.json", "a.json"), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("rank 1 differs from rank 0"));
  EXPECT_FALSE(fs::exists(Path("o/results.json")));
}

// The set's only class has an id that is another class's in the model.
TEST_F(ScoreModelTest, Case65ClassesAreMatchedByName) {
  const std::string set = Load("a.json");
  const auto rename = [&](const std::string& name) {
    return WriteFileAtomic(Path("a.json"),
                           absl::StrReplaceAll(set, {{"\"a\"", name}}))
        .ok();
  };
  ASSERT_TRUE(rename("\"c\""));
  ASSERT_EQ(Run(absl::StrCat(kModel, "c")), 0) << Load("log.txt");
  EXPECT_THAT(Load("log.txt"), HasSubstr("1 class in common\n  only the model "
                                         "knows, left out: a, b, d"));
  ASSERT_TRUE(rename("\"pedestrian\""));
  EXPECT_EQ(Run(absl::StrCat(kModel, "none")), 1);
  EXPECT_THAT(Load("log.txt"), HasSubstr("no class in common"));
  EXPECT_FALSE(fs::exists(Path("none/results.json")));
  EXPECT_EQ(Run(absl::StrCat(kModel, "p --map_classes c:pedestrian")), 0)
      << Load("log.txt");
  EXPECT_EQ(Load("p/results.json"), Load("c/results.json"));
  EXPECT_EQ(Run(absl::StrCat(kModel, "x --map_classes c:pedestrain")), 2);
  EXPECT_THAT(Load("log.txt"), HasSubstr("did you mean pedestrian?"));
  EXPECT_EQ(Run(absl::StrCat(kModel, "x --map_classes c")), 2);
}

// The same program scores a file of detections.
TEST_F(ScoreModelTest, AFileInPlaceOfAModel) {
  ASSERT_EQ(Run(absl::StrCat(kModel, "d --iou_type segm --output_json o.json")),
            0)
      << Load("log.txt");
  const std::string file = "--annotations a.json --results d/results.json ";
  ASSERT_EQ(Run(absl::StrCat(file, "--threads 1 --output_json p.json")), 0)
      << Load("log.txt");
  const auto stats = [&](const std::string& name) {
    const std::string text = Load(name);
    return text.substr(0, text.find("\"seconds\""));
  };
  EXPECT_EQ(stats("o.json"), stats("p.json"));
  EXPECT_THAT(stats("p.json"), HasSubstr("stats"));
  for (const char* flag : {"-m m.safetensors", "--device cpu", "--reuse"}) {
    EXPECT_EQ(Run(file + flag), 2) << flag;
    EXPECT_THAT(Load("log.txt"), HasSubstr("expected one of these"));
  }
  EXPECT_EQ(Run("--results d/results.json"), 2);
  EXPECT_EQ(Run("--help"), 0);
  EXPECT_THAT(Load("log.txt"), HasSubstr("--annotations"));
  EXPECT_THAT(Load("log.txt"), HasSubstr("--split"));
}

}  // namespace
}  // namespace fcis::eval
