// The numbers are those of pycocotools 2.0.11 for the same files.
#include "fcis/eval/coco/diagnose_truth.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "fcis/core/testing/memory_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::eval {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Diagnosis {
  double ap = -2;
  std::vector<std::string> lines;
};

Diagnosis DiagnoseTexts(const std::string& truth, const std::string& results,
                        const EvalOptions& options) {
  const MemoryFile gt(truth), dt(results);
  const auto evaluation = Evaluate(gt.path(), dt.path(), options);
  EXPECT_TRUE(evaluation.ok()) << evaluation.status();
  if (!evaluation.ok()) return {};
  return {evaluation->summary.stats[0], DiagnoseTruth(*evaluation)};
}

// Pictures 1 and 2 with a square each, which the results find.
constexpr char kImages[] =
    R"({"id": 1, "width": 100, "height": 100, "file_name": "1.png"},
       {"id": 2, "width": 100, "height": 100, "file_name": "2.png"})";
constexpr char kCategories[] = R"({"id": 1, "name": "thing"})";
constexpr char kAnnotations[] =
    R"({"id": 1, "image_id": 1, "category_id": 1, "area": 400,
        "bbox": [10, 10, 20, 20]},
       {"id": 2, "image_id": 2, "category_id": 1, "area": 400,
        "bbox": [50, 50, 20, 20]})";
constexpr char kResults[] =
    R"([{"image_id": 1, "category_id": 1, "bbox": [10, 10, 20, 20],
         "score": 0.9},
        {"image_id": 2, "category_id": 1, "bbox": [50, 50, 20, 20],
         "score": 0.8}])";

std::string Truth(const std::string& images, const std::string& annotations,
                  const std::string& categories) {
  return absl::StrCat("{\"images\": [", images, "], \"annotations\": [",
                      annotations, "], \"categories\": [", categories, "]}");
}

Diagnosis DiagnoseBoxes(const std::string& truth, bool sane = false) {
  EvalOptions options;
  options.iou_type = IouType::kBbox;
  options.sane = sane;
  return DiagnoseTexts(truth, kResults, options);
}

TEST(DiagnoseTruthTest, NothingStrange) {
  const Diagnosis plain =
      DiagnoseBoxes(Truth(kImages, kAnnotations, kCategories));
  EXPECT_DOUBLE_EQ(plain.ap, 1);
  EXPECT_THAT(plain.lines, IsEmpty());
}

// The mask that is turned matches nothing: the better of two detections is
// wrong.
TEST(BugCaseTest, Case10RleOfAnotherSize) {
  const auto annotation = [](int id, const char* segmentation) {
    return absl::StrCat("{\"id\": ", id, ", \"image_id\": 1, \"category_id\": ",
                        "1, \"area\": 4, \"segmentation\": ", segmentation,
                        "}");
  };
  const std::string truth =
      Truth(R"({"id": 1, "width": 6, "height": 4})",
            absl::StrCat(
                annotation(1, R"({"size": [6, 4], "counts": [0, 4, 20]})"), ",",
                annotation(2, R"({"size": [4, 6], "counts": [12, 4, 8]})")),
            kCategories);
  const std::string results =
      R"([{"image_id": 1, "category_id": 1, "score": 0.9,
           "segmentation": {"size": [4, 6], "counts": [0, 4, 20]}},
          {"image_id": 1, "category_id": 1, "score": 0.8,
           "segmentation": {"size": [4, 6], "counts": [12, 4, 8]}}])";
  const Diagnosis swapped = DiagnoseTexts(truth, results, EvalOptions());
  EXPECT_NEAR(swapped.ap, 51. / 101 / 2, 1e-12);
  EXPECT_THAT(
      swapped.lines,
      ElementsAre(AllOf(
          HasSubstr("1 of 2 masks"),
          HasSubstr("another size (width x height) than their picture: "
                    "annotation 1 (a mask of 4x6, which looks swapped, for "
                    "picture 1 of 6x4)"))));
}

// Of equal ids the last stands for all; each counts under --sane.
TEST(BugCaseTest, Case22DuplicateAnnotationIds) {
  const std::string truth =
      Truth(kImages,
            absl::StrReplaceAll(kAnnotations, {{"\"id\": 1", "\"id\": 4040"},
                                               {"\"id\": 2", "\"id\": 4040"}}),
            kCategories);
  const Diagnosis repeated = DiagnoseBoxes(truth);
  EXPECT_NEAR(repeated.ap, 51. / 101 / 2, 1e-12);
  EXPECT_THAT(repeated.lines,
              ElementsAre(AllOf(
                  HasSubstr("1 of 2 annotations"),
                  HasSubstr("4040 (annotations[0] of picture 1, "
                            "annotations[1] of picture 2); as in pycocotools, "
                            "the earlier one is dropped"))));
  const Diagnosis sane = DiagnoseBoxes(truth, /*sane=*/true);
  EXPECT_DOUBLE_EQ(sane.ap, 1);
  EXPECT_THAT(sane.lines,
              ElementsAre(AllOf(HasSubstr("4040"), HasSubstr("each counts"))));
}

// Records are named by where they stand in the file.
TEST(BugCaseTest, Case22BehindOneThatIsLeftOut) {
  EvalOptions options;
  options.iou_type = IouType::kBbox;
  options.bad_annotations.skip = true;
  const std::string repeated =
      absl::StrReplaceAll(kAnnotations, {{"\"id\": 2", "\"id\": 1"}});
  const Diagnosis diagnosis = DiagnoseTexts(
      Truth(kImages, absl::StrCat("{\"id\": 9}, ", repeated), kCategories),
      kResults, options);
  EXPECT_THAT(diagnosis.lines,
              ElementsAre(HasSubstr("1 (annotations[1] of picture 1, "
                                    "annotations[2] of picture 2)")));
}

TEST(BugCaseTest, Case70AnnotationsOfNothing) {
  const auto more = [](const std::string& rest) {
    return absl::StrCat(kAnnotations, ", {\"area\": 400, ",
                        "\"bbox\": [1, 1, 20, 20], ", rest, "}");
  };
  const Diagnosis image = DiagnoseBoxes(
      Truth(kImages, more(R"("id": 3, "image_id": 77, "category_id": 1)"),
            kCategories));
  EXPECT_DOUBLE_EQ(image.ap, 1);
  EXPECT_THAT(
      image.lines,
      ElementsAre(AllOf(HasSubstr("1 of 3 annotations"),
                        HasSubstr("lacks their image_id, 77 (of annotation "
                                  "3)"))));
  const Diagnosis category = DiagnoseBoxes(
      Truth(kImages, more(R"("id": 3, "image_id": 1, "category_id": 55)"),
            kCategories));
  EXPECT_DOUBLE_EQ(category.ap, 1);
  EXPECT_THAT(
      category.lines,
      ElementsAre(AllOf(HasSubstr("1 of 3 annotations"),
                        HasSubstr("lacks their category_id, 55 (of annotation "
                                  "3)"))));
}

TEST(BugCaseTest, Case70ManyAreCountedAndAFewNamed) {
  std::string annotations = kAnnotations;
  for (int i = 0; i < 12; ++i) {
    absl::StrAppend(
        &annotations, ", {\"id\": ", 10 + i, ", \"image_id\": ", 100 + i / 2,
        ", \"category_id\": 1, \"area\": 1, ", "\"bbox\": [1, 1, 1, 1]}");
  }
  EXPECT_THAT(
      DiagnoseBoxes(Truth(kImages, annotations, kCategories)).lines,
      ElementsAre(AllOf(HasSubstr("12 of 14 annotations"),
                        HasSubstr("100 (of annotation 10), 101 (of annotation "
                                  "12), 102 (of annotation 14), ..."))));
}

TEST(BugCaseTest, Case70ListedTwice) {
  const Diagnosis image = DiagnoseBoxes(
      Truth(absl::StrCat(kImages, R"(, {"id": 2, "file_name": "again.png"})"),
            kAnnotations, kCategories));
  EXPECT_DOUBLE_EQ(image.ap, 1);
  EXPECT_THAT(
      image.lines,
      ElementsAre(AllOf(HasSubstr("1 of 3 pictures"),
                        HasSubstr("2 (images[1] \"2.png\", images[2] "
                                  "\"again.png\"); the last of each counts"))));
  const Diagnosis category = DiagnoseBoxes(
      Truth(kImages, kAnnotations,
            absl::StrCat(kCategories, R"(, {"id": 1, "name": "other"})")));
  EXPECT_DOUBLE_EQ(category.ap, 1);
  EXPECT_THAT(category.lines,
              ElementsAre(AllOf(HasSubstr("1 of 2 categories"),
                                HasSubstr("1 (\"thing\", \"other\")"))));
}

TEST(BugCaseTest, Case70TextAgainstNumber) {
  const Diagnosis category = DiagnoseBoxes(Truth(
      kImages,
      absl::StrReplaceAll(kAnnotations,
                          {{"\"category_id\": 1", "\"category_id\": \"1\""}}),
      kCategories));
  EXPECT_EQ(category.ap, -1);
  EXPECT_THAT(
      category.lines,
      ElementsAre(HasSubstr("no ground truth"),
                  AllOf(HasSubstr("2 of 2 annotations"),
                        HasSubstr("\"1\" is text where \"categories\" has the "
                                  "number 1"))));
  const Diagnosis image = DiagnoseBoxes(
      Truth(absl::StrReplaceAll(kImages, {{"\"id\": 1", "\"id\": \"1\""}}) +
                R"(, {"id": 1})",
            absl::StrReplaceAll(kAnnotations,
                                {{"\"image_id\": 2", "\"image_id\": \"2\""}}),
            kCategories));
  EXPECT_THAT(image.lines,
              ElementsAre(HasSubstr("\"2\" is text where \"images\" has the "
                                    "number 2")));
}

TEST(DiagnoseTruthTest, CategoriesOfOneName) {
  const std::string truth =
      Truth(kImages, kAnnotations,
            absl::StrCat(kCategories, R"(, {"id": "x", "name": "thing "})"));
  EXPECT_THAT(DiagnoseBoxes(truth).lines,
              ElementsAre(HasSubstr("thing (id \"x\"), thing (id 1)")));
}

}  // namespace
}  // namespace fcis::eval
