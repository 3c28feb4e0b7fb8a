#include "fcis/data/results_json.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

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
