// The program as its user meets it.
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "fcis/core/io/file.h"
#include "fcis/core/testing/run_program.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/match_classes.h"
#include "fcis/data/coco/record_problems.h"
#include "fcis/data/loader/coco_set.h"
#include "fcis/data/loader/test_sets.h"
#include "fcis/data/synth/scene_dataset.h"
#include "fcis/eval/coco/ground_truth.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::tools {
namespace {

using ::testing::HasSubstr;

class CheckDatasetMainTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    data::SceneDatasetOptions options;
    options.images = 3;
    options.height = 64;
    options.width = 80;
    ASSERT_TRUE(data::WriteSceneDataset(root_, options, [](int64_t) {}).ok());
    program_ = ProgramPath("fcis/tools/check_dataset");
  }

  // The exit code; what the program prints goes to `out_`.
  int Run(const std::string& args) {
    const ProgramRun run = RunProgram(root_, program_, args);
    out_ = run.out + run.err;
    return run.code;
  }

  std::string root_, program_, out_;
};

constexpr char kData[] = "--ann_file annotations.json --image_dir images";

TEST_F(CheckDatasetMainTest, ACleanDataSet) {
  EXPECT_EQ(Run(absl::StrCat(kData, " --output_json report.json")), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("3 of 3 pictures and "));
  EXPECT_THAT(ReadFile(absl::StrCat(root_, "/report.json")).value_or(""),
              HasSubstr("\"used_pictures\": 3"));
}

TEST_F(CheckDatasetMainTest, WritesAPage) {
  EXPECT_EQ(Run(absl::StrCat(kData, " --html page.html --gallery 2")), 0)
      << out_;
  EXPECT_THAT(out_, HasSubstr("page: "));
  const std::string page = ReadFile(absl::StrCat(root_, "/page.html")).value();
  EXPECT_THAT(page, HasSubstr("\"jpeg\":\"/9j/"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --html p --gallery -1")), 2) << out_;
}

TEST_F(CheckDatasetMainTest, AMissingPictureFailsTheVerification) {
  std::filesystem::remove(absl::StrCat(root_, "/images/000000000002.jpg"));
  EXPECT_EQ(Run(kData), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("images/000000000002.jpg"));
}

TEST_F(CheckDatasetMainTest, Case63BadAnnotationsFailTheVerification) {
  const std::string path = absl::StrCat(root_, "/annotations.json");
  std::string text = *ReadFile(path);
  const std::string area = "\"area\":";
  text.insert(text.find(area) + area.size(), "null,\"a\":");
  text.insert(text.rfind("\"category_id\":") + 14, "[1],\"c\":");
  ASSERT_TRUE(WriteFileAtomic(path, text).ok());
  EXPECT_EQ(Run(absl::StrCat(kData, " --output_json report.json")), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("(annotations[0]): \"area\": expected a number, "
                              "found null (an evaluation needs it)"));
  EXPECT_THAT(out_, HasSubstr("\"category_id\": expected an integer of 64 bits "
                              "or a string, found [1]"));
  EXPECT_THAT(out_, HasSubstr("2 bad records; --bad_annotations=skip"));
  EXPECT_THAT(ReadFile(absl::StrCat(root_, "/report.json")).value_or(""),
              HasSubstr("found [1]"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --max_messages 1")), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("... and 1 more"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --bad_annotations skip")), 0) << out_;
  EXPECT_THAT(out_, HasSubstr("2 bad records are left out"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --bad_annotations leave")), 2) << out_;
  EXPECT_EQ(Run(absl::StrCat(kData, " --max_messages -1")), 2) << out_;
}

TEST_F(CheckDatasetMainTest, TwoCategoriesOfOneNameFailTheVerification) {
  const std::string path = absl::StrCat(root_, "/annotations.json");
  std::string text = *ReadFile(path);
  const std::string list = "\"categories\":[";
  text.insert(text.find(list) + list.size(),
              R"({"id":70,"name":"same"},{"id":71,"name":"same"},)");
  ASSERT_TRUE(WriteFileAtomic(path, text).ok());
  EXPECT_EQ(Run(absl::StrCat(kData, " --bad_annotations skip")), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("category ids 70 and 71 have the same name"));
}

// A data set of the first picture, 64 high and 80 wide.
struct Small {
  const char* what;
  bool passes, passes_skipping;
  std::string images, categories, annotations;
};

constexpr char kSized[] =
    R"({"id":1,"file_name":"000000000001.jpg","height":64,"width":80})";
constexpr char kCat[] = R"({"id":1,"name":"cat"})";

std::string Square(int id, absl::string_view more = "",
                   absl::string_view box = "[5,5,20,20]") {
  return absl::StrCat(R"({"id":)", id, R"(,"image_id":1,"category_id":1,)",
                      R"("area":400,"segmentation":[[5,5,25,5,25,25,5,25]],)",
                      R"("bbox":)", box, more, "}");
}

std::vector<Small> SmallSets() {
  const std::string good = Square(1);
  const auto with = [&](absl::string_view other) {
    return absl::StrCat(good, ",", other);
  };
  const auto unsized = R"({"id":1,"file_name":"000000000001.jpg"})";
  return {
      {"sound", true, true, kSized, kCat, good},
      {"no name", true, true, kSized, R"({"id":1})", good},
      {"no sizes", false, true, unsized, kCat, good},
      {"no sizes, runs", true, true, unsized, kCat,
       R"({"id":1,"image_id":1,"category_id":1,"area":9,"bbox":[0,0,4,4],
           "segmentation":{"size":[64,80],"counts":[0,300,4820]}})"},
      {"no file name", false, false, R"({"id":1,"height":64,"width":80})", kCat,
       good},
      {"other size", false, false,
       R"({"id":1,"file_name":"000000000001.jpg","height":80,"width":64})",
       kCat, good},
      {"crowds only", false, false, kSized, kCat, Square(1, R"(,"iscrowd":1)")},
      {"nothing", false, false, kSized, kCat, ""},
      {"box outside", false, false, kSized, kCat,
       Square(1, "", "[90,5,20,20]")},
      {"crowd, too", true, true, kSized, kCat,
       with(Square(2, R"(,"iscrowd":1)"))},
      {"bad box", false, true, kSized, kCat, with(Square(2, "", "[1,2,3]"))},
      {"bad ignore", false, true, kSized, kCat,
       with(Square(2, R"(,"ignore":"yes")"))},
      {"unknown category", false, true, kSized, kCat,
       with(R"({"id":2,"image_id":1,"category_id":5,"area":1,
                "bbox":[1,1,2,2],"segmentation":[[1,1,3,1,3,3]]})")},
      {"no mask", false, true, kSized, kCat,
       with(R"({"id":2,"image_id":1,"category_id":1,"area":1,
                "bbox":[1,1,2,2]})")},
      {"a polygon of two points", false, true, kSized, kCat,
       with(R"({"id":2,"image_id":1,"category_id":1,"area":1,
                "bbox":[1,1,2,2],"segmentation":[[1,1]]})")},
      {"duplicate ids", true, true, kSized, kCat, with(good)},
      {"a category twice", true, true, kSized, absl::StrCat(kCat, ",", kCat),
       good},
      {"a category of two names", false, false, kSized,
       absl::StrCat(kCat, R"(,{"id":1,"name":"dog"})"), good},
      {"two categories of one name", false, false, kSized,
       absl::StrCat(kCat, R"(,{"id":2,"name":"cat"})"), good},
  };
}

void ExpectAccepted(const std::string& path, const std::string& image_dir,
                    const data::BadAnnotationPolicy& policy) {
  for (const bool all : {false, true}) {
    const auto set =
        data::CocoSet::Create({{path, image_dir}}, data::PlainInput(64), policy,
                              data::CocoUse{all, all});
    ASSERT_TRUE(set.ok()) << set.status();
    for (int64_t i = 0; i < (*set)->size(); ++i) {
      EXPECT_TRUE((*set)->Get(i).ok());
    }
    eval::EvalOptions options;
    options.bad_annotations = policy;
    if (all) options.iou_type = eval::IouType::kBbox;
    const auto dataset =
        data::ReadCocoDataset(path, eval::ModelEvalNeeds(options));
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    EXPECT_EQ(eval::GroundTruth::Build(*dataset, options).status(),
              absl::OkStatus());
    EXPECT_EQ(data::MatchClasses((*set)->class_names(), *dataset).status(),
              absl::OkStatus());
  }
}

TEST_F(CheckDatasetMainTest, WhatPassesIsNotRefusedLater) {
  const std::string path = absl::StrCat(root_, "/annotations.json");
  for (const Small& small : SmallSets()) {
    SCOPED_TRACE(small.what);
    ASSERT_TRUE(
        WriteFileAtomic(
            path, absl::StrCat(R"({"images":[)", small.images,
                               R"(],"categories":[)", small.categories,
                               R"(],"annotations":[)", small.annotations, "]}"))
            .ok());
    for (const bool skip : {false, true}) {
      const bool passes = skip ? small.passes_skipping : small.passes;
      EXPECT_EQ(Run(absl::StrCat(kData, " --min_size 64 --bad_annotations ",
                                 skip ? "skip" : "error")),
                passes ? 0 : 3)
          << out_;
      data::BadAnnotationPolicy policy;
      policy.skip = skip;
      if (passes) {
        ExpectAccepted(path, absl::StrCat(root_, "/images"), policy);
      }
    }
  }
}

TEST_F(CheckDatasetMainTest, NothingToTrainOnFailsTheVerification) {
  const std::string path = absl::StrCat(root_, "/annotations.json");
  ASSERT_TRUE(
      WriteFileAtomic(path, absl::StrCat(R"({"images":[)", kSized,
                                         R"(],"categories":[)", kCat, "]}"))
          .ok());
  EXPECT_EQ(Run(kData), 3) << out_;
  EXPECT_THAT(out_, HasSubstr("annotations.json: nothing to train on"));
}

TEST_F(CheckDatasetMainTest, WrongUse) {
  EXPECT_EQ(Run("--ann_file annotations.json"), 2) << out_;
  EXPECT_EQ(Run(absl::StrCat(kData, " extra")), 2) << out_;
  EXPECT_EQ(Run(absl::StrCat(kData, " --output_json annotations.json")), 2);
  EXPECT_THAT(out_, HasSubstr("are the same file"));
  EXPECT_EQ(Run(absl::StrCat(kData, " --min_size 0")), 2) << out_;
  EXPECT_EQ(Run("--ann_file nowhere.json --image_dir images"), 1) << out_;
  EXPECT_EQ(Run("--data_dir nowhere"), 1) << out_;
  EXPECT_THAT(out_, HasSubstr("bazel run //fcis/tools:download"));
}

}  // namespace
}  // namespace fcis::tools
