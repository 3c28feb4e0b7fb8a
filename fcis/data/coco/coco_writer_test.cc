#include "fcis/data/coco/coco_writer.h"

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "fcis/data/coco/dataset.h"
#include "fcis/data/coco/segmentation.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(WriteCocoDatasetTest, ReadsBack) {
  WrittenDataset written;
  written.categories = {{7, "a \"b\"", "c"}};
  written.images = {{3, "x.jpg", 4, 5}, {4, "y.jpg", 1, 1}};
  const Rle mask{4, 5, {2, 3, 15}};
  written.annotations = {{11, 3, 7, mask, false}, {12, 3, 7, mask, true}};
  const std::string path = testing::TempDir() + "/dataset.json";
  ASSERT_TRUE(WriteCocoDataset(path, written).ok());

  const auto read = ReadCocoDataset(path);
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->categories.size(), 1u);
  EXPECT_EQ(read->categories[0].name, "a \"b\"");
  EXPECT_EQ(read->categories[0].supercategory, "c");
  ASSERT_EQ(read->images.size(), 2u);
  EXPECT_EQ(read->images[0].file_name, "x.jpg");
  EXPECT_EQ(read->images[0].height, 4);
  EXPECT_EQ(read->images[0].width, 5);
  ASSERT_EQ(read->annotations.size(), 2u);
  const CocoAnnotation& annotation = read->annotations[1];
  EXPECT_EQ(annotation.id, RecordId(int64_t{12}));
  EXPECT_EQ(annotation.image_id, RecordId(int64_t{3}));
  EXPECT_EQ(annotation.category_id, RecordId(int64_t{7}));
  EXPECT_EQ(annotation.crowd, 1);
  EXPECT_EQ(annotation.area, 3);
  EXPECT_EQ(annotation.bbox, (XywhBox{0, 0, 2, 4}));
  JsonScanner json(annotation.segmentation);
  Segmentation segmentation;
  ASSERT_TRUE(ReadSegmentation(json, segmentation));
  const auto rle = SegmentationToRle(segmentation, 4, 5);
  ASSERT_TRUE(rle.ok());
  EXPECT_TRUE(*rle == mask);
}

TEST(ParseSegmentationTest, NoneAndRunsOutOfRange) {
  Segmentation segmentation;
  ASSERT_TRUE(ParseSegmentation("null", segmentation).ok());
  EXPECT_EQ(SegmentationToRle(segmentation, 4, 5).status().message(),
            "no segmentation");
  for (const char* run : {"-1", "4294967296"}) {
    const absl::Status status = ParseSegmentation(
        absl::StrCat(R"({"size": [4, 5], "counts": [)", run, "]}"),
        segmentation);
    EXPECT_THAT(status.message(),
                HasSubstr("the length of a run is out of range"));
  }
}

TEST(WriteCocoDatasetTest, ErrorsNameTheFile) {
  const absl::Status status = WriteCocoDataset("/nowhere/a.json", {});
  EXPECT_NE(std::string(status.message()).find("/nowhere/a.json"),
            std::string::npos);
}

std::string Path(absl::string_view name) {
  return absl::StrCat(::testing::TempDir(), "/", name);
}

ResultEntry Entry() {
  ResultEntry entry;
  entry.image_id = RecordId(int64_t{397133});
  entry.file_name = "a \"b\".jpg";
  entry.category_id = RecordId(int64_t{44});
  entry.bbox = XywhBox{1.5, 2, 1.0 / 3, 4};
  entry.score = static_cast<double>(0.9f);
  // [[0, 1], [1, 1]] down its columns.
  entry.segmentation = {2, 2, {1, 3}};
  return entry;
}

TEST(ResultsWriterTest, WritesCocosFormat) {
  const std::string path = Path("results.json");
  auto writer = ResultsWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Write(Entry()).ok());
  ResultEntry other = Entry();
  other.file_name.clear();
  ASSERT_TRUE((*writer)->Write(other).ok());
  EXPECT_FALSE(ReadFile(path).ok()) << "not there before Commit";
  ASSERT_TRUE((*writer)->Commit().ok());
  const std::string rest =
      "\"category_id\":44,\"bbox\":[1.5,2.0,0.3333333333333333,4.0],"
      "\"score\":0.8999999761581421,"
      "\"segmentation\":{\"size\":[2,2],\"counts\":\"13\"}}";
  EXPECT_EQ(*ReadFile(path),
            absl::StrCat("[\n{\"image_id\":397133,"
                         "\"file_name\":\"a \\\"b\\\".jpg\",",
                         rest, ",\n{\"image_id\":397133,", rest, "\n]\n"));
}

TEST(ResultsWriterTest, NothingFoundIsAnEmptyArray) {
  const std::string path = Path("none.json");
  auto writer = ResultsWriter::Create(path);
  ASSERT_TRUE(writer.ok()) << writer.status();
  ASSERT_TRUE((*writer)->Commit().ok());
  EXPECT_EQ(*ReadFile(path), "[\n]\n");
}

TEST(ResultsWriterTest, OldFileStaysWithoutCommit) {
  const std::string path = Path("old.json");
  ASSERT_TRUE(WriteFileAtomic(path, "old").ok());
  {
    auto writer = ResultsWriter::Create(path);
    ASSERT_TRUE(writer.ok()) << writer.status();
    ASSERT_TRUE((*writer)->Write(Entry()).ok());
  }
  EXPECT_EQ(*ReadFile(path), "old");
}

TEST(ResultsWriterTest, NumbersThatAreNotFiniteAreErrors) {
  auto writer = ResultsWriter::Create(Path("nan.json"));
  ASSERT_TRUE(writer.ok()) << writer.status();
  ResultEntry entry = Entry();
  entry.score = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT((*writer)->Write(entry).message(),
              AllOf(HasSubstr("nan.json"), HasSubstr("397133")));
  entry = Entry();
  entry.bbox->width = std::numeric_limits<double>::infinity();
  EXPECT_EQ((*writer)->Write(entry).code(), absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE((*writer)->Commit().ok());
  EXPECT_EQ(*ReadFile(Path("nan.json")), "[\n]\n");
}

TEST(ResultsWriterTest, FilesThatCannotBeWrittenAreErrors) {
  EXPECT_THAT(ResultsWriter::Create(Path("no/where.json")).status().message(),
              HasSubstr("no/where.json"));
}

TEST(ImageIdsTest, AreTheNumbersInCocosNames) {
  EXPECT_THAT(ImageIds({"COCO_val2014_000000000042", "000000581929"}),
              ElementsAre(42, 581929));
  EXPECT_THAT(ImageIds({}), IsEmpty());
}

TEST(ImageIdsTest, AreCountedForOtherNames) {
  EXPECT_THAT(ImageIds({"000000000042", "cat"}), ElementsAre(1, 2));
  EXPECT_THAT(ImageIds({"000000000042", "COCO_val2014_000000000042"}),
              ElementsAre(1, 2));
  for (const std::string stem :
       {"", "42", "IMG_000000000007", "COCO_00000000000x", "0000000000042"}) {
    EXPECT_THAT(ImageIds({stem}), ElementsAre(1)) << stem;
  }
}

}  // namespace
}  // namespace fcis::data
