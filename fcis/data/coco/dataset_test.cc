#include "fcis/data/coco/dataset.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/core/base/parallel.h"
#include "fcis/core/testing/memory_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

using ::testing::AllOf;
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
      "bbox": [1, 2, 3, 4], "iscrowd": true, "ignore": 1,
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
  EXPECT_TRUE(annotation.ignore);
  EXPECT_EQ(annotation.segmentation, "[[1, 2, 3]]");
  ASSERT_EQ(dataset->categories.size(), 2u);
  EXPECT_TRUE(dataset->has_categories);
  EXPECT_EQ(dataset->categories[0].supercategory, "s");
  EXPECT_EQ(dataset->categories[1].name, "3");
}

TEST(ReadCocoDatasetTest, WhatIsMissingIsEmpty) {
  const auto dataset = Read("{}");
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_TRUE(dataset->images.empty());
  EXPECT_FALSE(dataset->has_categories);
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

TEST(ReadCocoDatasetTest, ErrorsNameRecordAndByte) {
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("byte 0: expected an object"));
  EXPECT_THAT(ErrorOf(R"({"images": 3})"),
              HasSubstr("images: byte 11: expected a list"));
  EXPECT_THAT(ErrorOf(R"({"images": [{"id": 1}, {"width": 3}]})"),
              HasSubstr("images[1]: byte 35: the image has no \"id\""));
  EXPECT_THAT(ErrorOf(R"({"images": [{"id": 1.5}]})"),
              AllOf(HasSubstr("images[0]"), HasSubstr("1.5")));
  EXPECT_THAT(ErrorOf(R"({"images": [{"id": 1, "width": -3}]})"),
              HasSubstr("not negative"));
  EXPECT_THAT(ErrorOf(R"({"categories": [{"name": "a"}]})"),
              HasSubstr("the category has no \"id\""));
  EXPECT_THAT(ErrorOf(R"({"annotations": [{"id": 1, "image_id": 1}]})"),
              AllOf(HasSubstr("annotations[0]"), HasSubstr("category_id")));
  EXPECT_THAT(ErrorOf(R"({"annotations": [{"bbox": [1, 2]}]})"),
              HasSubstr("[x, y, width, height]"));
  EXPECT_THAT(ErrorOf(R"({"annotations": 0})"),
              HasSubstr("annotations: byte 16: expected a list"));
  EXPECT_THAT(ErrorOf("{} {}"), HasSubstr("expected the end of the file"));
}

}  // namespace
}  // namespace fcis
