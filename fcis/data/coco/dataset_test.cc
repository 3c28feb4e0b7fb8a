#include "fcis/data/coco/dataset.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/memory_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<CocoDataset> Read(const std::string& text) {
  const MemoryFile file(text);
  return ReadCocoDataset(file.path());
}

TEST(ReadCocoDatasetTest, ReadsEveryMember) {
  const auto dataset = Read(R"({"info": {"x": [1]}, "images": [
      {"id": 7, "file_name": "a.jpg", "height": 3, "width": 4.0},
      {"id": "b"}],
    "annotations": [{"id": 1, "image_id": 7, "category_id": 2, "area": 1.5,
      "bbox": [1, 2, 3, 4], "iscrowd": true,
      "segmentation": [[1, 2, 3]] }],
    "categories": [{"id": 2, "name": "n", "supercategory": "s"}, {"id": 3}]})");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  ASSERT_EQ(dataset->images.size(), 2u);
  EXPECT_EQ(dataset->images[0].id, RecordId(int64_t{7}));
  EXPECT_EQ(dataset->images[0].file_name, "a.jpg");
  EXPECT_EQ(dataset->images[0].height, 3);
  EXPECT_EQ(dataset->images[0].width, 4);
  EXPECT_EQ(dataset->images[1].id, RecordId(absl::string_view("b")));
  EXPECT_EQ(dataset->images[1].height, -1);
  ASSERT_EQ(dataset->annotations.size(), 1u);
  const CocoAnnotation& annotation = dataset->annotations[0];
  EXPECT_EQ(annotation.image_id, RecordId(int64_t{7}));
  EXPECT_EQ(annotation.category_id, RecordId(int64_t{2}));
  EXPECT_TRUE(annotation.has_area);
  EXPECT_EQ(annotation.area, 1.5);
  EXPECT_TRUE(annotation.has_bbox);
  EXPECT_EQ(annotation.bbox, (XywhBox{1, 2, 3, 4}));
  EXPECT_EQ(annotation.crowd, 1);
  EXPECT_EQ(annotation.segmentation, "[[1, 2, 3]]");
  ASSERT_EQ(dataset->categories.size(), 2u);
  EXPECT_EQ(dataset->categories[0].supercategory, "s");
  EXPECT_EQ(dataset->categories[1].name, "3");
}

TEST(ReadCocoDatasetTest, WhatIsMissingIsEmpty) {
  const auto dataset = Read("{}");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_TRUE(dataset->images.empty());
  EXPECT_TRUE(dataset->categories.empty());
}

TEST(ReadCocoDatasetTest, OfDuplicateListsTheLastCounts) {
  const auto dataset =
      Read(R"({"images": [{"id": 1}, {"id": 2}], "images": [{"id": 3}]})");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->images.size(), 1u);
}

// Large enough for several parts.
TEST(ReadCocoDatasetTest, ManyAnnotationsKeepTheirOrder) {
  constexpr int kAnnotations = 40000;
  std::string text = R"({"annotations": [)";
  for (int i = 0; i < kAnnotations; ++i) {
    absl::StrAppend(&text, i > 0 ? ", " : "", R"({"image_id": 1, "id": )", i,
                    R"(, "category_id": 1, "segmentation": [[1, 2]]})");
  }
  text += R"(], "categories": [{"id": 1}, {"id": 2}]})";
  for (const int threads : {1, 2, 5}) {
    SetNumThreads(threads);
    const auto dataset = Read(text);
    ASSERT_TRUE(dataset.ok()) << dataset.status();
    ASSERT_EQ(dataset->annotations.size(), size_t{kAnnotations});
    for (int i = 0; i < kAnnotations; ++i) {
      ASSERT_EQ(dataset->annotations[static_cast<size_t>(i)].id,
                RecordId(int64_t{i}));
    }
    EXPECT_EQ(dataset->categories.size(), 2u);
  }
}

std::string ErrorOf(const std::string& text) {
  const auto dataset = Read(text);
  EXPECT_FALSE(dataset.ok()) << text;
  return std::string(dataset.status().message());
}

TEST(ReadCocoDatasetTest, WhatIsNoJsonNamesRecordAndByte) {
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("byte 0: expected an object"));
  EXPECT_THAT(ErrorOf(R"({"images": 3})"),
              HasSubstr("images: byte 11: expected a list"));
  EXPECT_THAT(ErrorOf(R"({"annotations": 0})"),
              HasSubstr("annotations: byte 16: expected a list"));
  EXPECT_THAT(ErrorOf(R"({"images": [{"id": 1}, ]})"),
              HasSubstr("images[1]: byte 23: expected a JSON value"));
  EXPECT_THAT(ErrorOf(R"({"images": [{"id": 1} {"id": 2}]})"),
              HasSubstr("images: byte 22: expected ',' or ']'"));
  EXPECT_THAT(ErrorOf(R"({"annotations": [{"id": 17, "bbox": [1, 2}]})"),
              AllOf(HasSubstr("annotations[0]: byte 41: expected ',' or ']'"),
                    HasSubstr("(in the record with id 17)")));
  EXPECT_THAT(ErrorOf("{} {}"), HasSubstr("expected the end of the file"));
}

// The lines without the file's name.
std::vector<std::string> Lines(const RecordLines& lines) {
  std::vector<std::string> cut;
  for (const std::string& line : lines.lines) {
    cut.push_back(line.substr(line.find(": ") + 2));
  }
  return cut;
}

CocoDataset ReadWith(const std::string& text, const CocoNeeds& needs) {
  const MemoryFile file(text);
  auto dataset = ReadCocoDataset(file.path(), needs);
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ok() ? *std::move(dataset) : CocoDataset();
}

CocoNeeds BoxesAndAreas() {
  CocoNeeds needs;
  needs.bbox = needs.area = MemberUse::kNeeded;
  return needs;
}

std::string OneAnnotation(const std::string& rest) {
  return absl::StrCat(R"({"annotations": [{"id": 9, "image_id": 1,
    "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12)",
                      rest, "}]}");
}

TEST(ReadCocoDatasetTest, Case63BrokenRecordsAreNamedAndLeftOut) {
  const CocoDataset dataset = ReadWith(R"({"images": [
      {"width": 3}, {"id": 1.5}, {"id": 2}, 7],
    "categories": [{"name": "a"}, {"id": 1, "name": 5}],
    "annotations": [
      {"id": 1, "image_id": 2, "category_id": 1},
      {"id": 2, "category_id": 1},
      {"image_id": 2, "category_id": 1},
      {"id": "x", "image_id": 2, "category_id": null},
      {"id": 5, "image_id": 2, "category_id": 1, "iscrowd": "0"},
      {"id": 18446744073709551616, "image_id": 2, "category_id": 1},
      {"id": 7, "image_id": 2, "category_id": 1}]})",
                                       CocoNeeds());
  EXPECT_THAT(
      Lines(dataset.problems.errors),
      ElementsAre(
          R"(images[0]: "id": expected an integer of 64 bits or a string, found nothing)",
          R"(images[1]: "id": expected an integer of 64 bits or a string, found 1.5)",
          "images[3]: expected an object, found 7",
          R"(categories[0]: "id": expected an integer of 64 bits or a string, found nothing)",
          R"(annotation id 2 (annotations[1]): "image_id": expected an integer of 64 bits or a string, found nothing)",
          R"(annotations[2]: "id": expected an integer of 64 bits or a string, found nothing)",
          R"(annotation id "x" (annotations[3]): "category_id": expected an integer of 64 bits or a string, found null)",
          R"(annotation id 5 (annotations[4]): "iscrowd": expected 0 or 1, found "0")",
          R"(annotations[5]: "id": expected an integer of 64 bits or a string, found 18446744073709551616)"));
  EXPECT_THAT(
      Lines(dataset.problems.remarks),
      ElementsAre(
          R"(category id 1 (categories[1]): "name": expected a string, found 5)"));
  ASSERT_EQ(dataset.images.size(), 1u);
  EXPECT_EQ(NameOf(dataset, dataset.images[0]),
            absl::StrCat(dataset.path, ": image id 2 (images[2])"));
  ASSERT_EQ(dataset.annotations.size(), 2u);
  EXPECT_EQ(NameOf(dataset, dataset.annotations[1]),
            absl::StrCat(dataset.path, ": annotation id 7 (annotations[6])"));
  ASSERT_EQ(dataset.categories.size(), 1u);
  EXPECT_EQ(dataset.categories[0].name, "1");
}

TEST(ReadCocoDatasetTest, Case25OddBoxes) {
  for (const char* box : {"null", "[[0.0, 0.0, 20.0, 20.0]]", "[1, 2, 3]",
                          "\"1,2,3,4\"", "[1, 2, 3, \"4\"]", "[]"}) {
    SCOPED_TRACE(box);
    const std::string text = OneAnnotation(absl::StrCat(", \"bbox\": ", box));
    const std::string line = absl::StrCat(
        "annotation id 9 (annotations[0]): \"bbox\": expected [x, y, width, "
        "height], found ",
        box);
    const CocoDataset needed = ReadWith(text, BoxesAndAreas());
    EXPECT_THAT(Lines(needed.problems.errors), ElementsAre(line));
    EXPECT_TRUE(needed.annotations.empty());
    const bool is_missing = box[0] == 'n' || box[1] == ']';
    CocoNeeds optional;
    optional.bbox = MemberUse::kOptional;
    const CocoDataset may_miss = ReadWith(text, optional);
    EXPECT_EQ(may_miss.problems.errors.count, is_missing ? 0 : 1);
    const CocoDataset unused = ReadWith(text, CocoNeeds());
    EXPECT_EQ(unused.problems.errors.count, 0);
    EXPECT_EQ(unused.problems.remarks.count, is_missing ? 0 : 1);
    ASSERT_EQ(unused.annotations.size(), 1u);
    EXPECT_FALSE(unused.annotations[0].has_bbox);
  }
}

TEST(ReadCocoDatasetTest, Case34WhatIsNotNeededMayBeNull) {
  const CocoDataset dataset = ReadWith(
      R"({"images": [{"id": 1, "file_name": null, "width": null}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": null,
        "area": null, "iscrowd": null, "segmentation": null}]})",
      CocoNeeds());
  EXPECT_EQ(dataset.problems.errors.count, 0);
  EXPECT_EQ(dataset.problems.remarks.count, 0);
  EXPECT_FALSE(dataset.annotations[0].has_area);
  EXPECT_TRUE(dataset.annotations[0].segmentation.empty());
  EXPECT_EQ(ReadWith(OneAnnotation(R"(, "area": null)"), BoxesAndAreas())
                .problems.errors.count,
            1);
}

TEST(ReadCocoDatasetTest, Case41OddSizesAreNone) {
  for (const char* length : {"-1", "\"128\"", "128.5", "[3]"}) {
    const CocoDataset dataset = ReadWith(
        absl::StrCat(R"({"images": [{"id": 4, "height": 96, "width": )", length,
                     "}]}"),
        BoxesAndAreas());
    ASSERT_EQ(dataset.images.size(), 1u);
    EXPECT_EQ(dataset.images[0].width, -1);
    EXPECT_EQ(dataset.images[0].height, 96);
    EXPECT_THAT(
        Lines(dataset.problems.remarks),
        ElementsAre(absl::StrCat("image id 4 (images[0]): \"width\": expected "
                                 "a number of pixels, found ",
                                 length)));
  }
}

TEST(ReadCocoDatasetTest, OfARepeatedMemberTheLastCounts) {
  CocoDataset dataset = ReadWith(
      OneAnnotation(R"(, "bbox": "?", "bbox": [5, 6, 7, 8])"), BoxesAndAreas());
  EXPECT_EQ(dataset.problems.errors.count, 0);
  EXPECT_EQ(dataset.annotations[0].bbox, (XywhBox{5, 6, 7, 8}));
  EXPECT_TRUE(dataset.annotations[0].duplicate_key);
  dataset = ReadWith(OneAnnotation(R"(, "iscrowd": 1, "iscrowd": null)"),
                     BoxesAndAreas());
  EXPECT_EQ(dataset.annotations[0].crowd, 0);
}

TEST(ReadCocoDatasetTest, WhatALaterEvaluationNeedsIsNamedAndStays) {
  CocoNeeds needs;
  needs.bbox = MemberUse::kOptional;
  needs.evaluated_later = true;
  const CocoDataset dataset =
      ReadWith(OneAnnotation(R"(, "bbox": null, "area": "12")"), needs);
  EXPECT_THAT(
      Lines(dataset.problems.errors),
      ElementsAre(HasSubstr("\"bbox\": expected [x, y, width, height], found "
                            "null (an evaluation needs it)"),
                  HasSubstr("\"area\": expected a number, found \"12\"")));
  EXPECT_EQ(dataset.annotations.size(), 1u);
}

TEST(ReadCocoDatasetTest, IgnoreIsAFaultWhereItIsUsed) {
  const std::string text = OneAnnotation(R"(, "ignore": "yes")");
  EXPECT_EQ(ReadWith(text, CocoNeeds()).problems.remarks.count, 1);
  CocoNeeds needs;
  needs.ignore = MemberUse::kOptional;
  EXPECT_THAT(Lines(ReadWith(text, needs).problems.errors),
              ElementsAre(HasSubstr("\"ignore\": expected 0 or 1, found")));
  EXPECT_EQ(ReadWith(OneAnnotation(""), needs).problems.errors.count, 0);
}

TEST(ReadCocoDatasetTest, SaysOfWhichPicturesAnnotationsAreLeftOut) {
  const CocoDataset dataset = ReadWith(R"({"annotations": [
      {"id": 1, "image_id": 7},
      {"id": 2, "image_id": 8, "category_id": 1},
      {"id": 3, "image_id": [], "category_id": 1}, 5]})",
                                       CocoNeeds());
  EXPECT_EQ(dataset.annotations.size(), 1u);
  EXPECT_THAT(dataset.left_out_of,
              ElementsAre(RecordId(int64_t{7}), std::nullopt, std::nullopt));
}

TEST(ReadCocoDatasetTest, OfARepeatedListTheFaultsOfTheLastCount) {
  const std::string bad = R"("annotations": [{"id": 1, "image_id": 7}])";
  CocoDataset dataset =
      ReadWith(absl::StrCat("{", bad, R"(, "images": [4], "images": [],
                   "annotations": []})"),
               CocoNeeds());
  EXPECT_EQ(dataset.problems.errors.count, 0);
  EXPECT_TRUE(dataset.left_out_of.empty());
  EXPECT_TRUE(dataset.duplicate_key);
  dataset = ReadWith(absl::StrCat("{", bad, ", ", bad, "}"), CocoNeeds());
  EXPECT_EQ(dataset.problems.errors.count, 1);
}

TEST(ReadCocoDatasetTest, BadRecordsAreCountedOnce) {
  const CocoDataset dataset =
      ReadWith(R"({"annotations": [{"id": 1}, {"id": 2, "image_id": 1}]})",
               BoxesAndAreas());
  EXPECT_EQ(dataset.problems.errors.count, 7);
  EXPECT_EQ(dataset.problems.errors.records, 2);
}

TEST(ReadCocoDatasetTest, WhatIsNotAskedForIsARemark) {
  CocoNeeds needs = BoxesAndAreas();
  needs.image_ids = {RecordId(int64_t{1})};
  needs.category_ids = {RecordId(int64_t{3})};
  needs.name = needs.file_name = MemberUse::kNeeded;
  const auto annotation = [](int id, int image, int category) {
    return absl::StrCat("{\"id\": ", id, ", \"image_id\": ", image,
                        ", \"category_id\": ", category, ", \"area\": 1}");
  };
  const CocoDataset dataset = ReadWith(
      absl::StrCat(R"({"images": [{"id": 1}, {"id": 2}], "categories": [
                   {"id": 3}, {"id": 4}], "annotations": [)",
                   annotation(5, 1, 3), ",", annotation(6, 2, 3), ",",
                   annotation(7, 1, 4), R"(, {"id": 8, "category_id": 3}]})"),
      needs);
  EXPECT_THAT(
      Lines(dataset.problems.errors),
      ElementsAre(HasSubstr("image id 1 "), HasSubstr("category id 3 "),
                  HasSubstr("annotation id 5 "), HasSubstr("\"image_id\""),
                  HasSubstr("\"bbox\""), HasSubstr("\"area\"")));
  EXPECT_THAT(Lines(dataset.problems.remarks),
              ElementsAre(HasSubstr("image id 2 "), HasSubstr("category id 4 "),
                          HasSubstr("annotation id 6 "),
                          HasSubstr("annotation id 7 ")));
  EXPECT_TRUE(dataset.annotations.empty());
}

// Places in the list are right whatever part they were read in.
TEST(ReadCocoDatasetTest, FaultsOfManyPartsKeepTheirPlaces) {
  constexpr int kAnnotations = 40000, kEvery = 999;
  std::string text = R"({"annotations": [)";
  for (int i = 0; i < kAnnotations; ++i) {
    absl::StrAppend(&text, i > 0 ? ", " : "", R"({"image_id": 1, "id": )", i,
                    R"(, "category_id": )", i % kEvery == 5 ? "[]" : "1",
                    R"(, "segmentation": [[1, 2]]})");
  }
  text += "]}";
  for (const int threads : {1, 2, 5}) {
    SetNumThreads(threads);
    const CocoDataset dataset = ReadWith(text, CocoNeeds());
    const std::vector<std::string> lines = Lines(dataset.problems.errors);
    ASSERT_EQ(lines.size(), size_t{41});
    for (size_t i = 0; i < lines.size(); ++i) {
      const size_t at = i * kEvery + 5;
      EXPECT_THAT(lines[i],
                  HasSubstr(absl::StrCat("annotation id ", at, " (annotations[",
                                         at, "])")));
    }
    for (const CocoAnnotation& annotation : dataset.annotations) {
      ASSERT_EQ(annotation.id, RecordId(int64_t{annotation.index}));
    }
  }
}

}  // namespace
}  // namespace fcis::data
