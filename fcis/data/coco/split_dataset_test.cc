#include "fcis/data/coco/split_dataset.h"

#include <filesystem>
#include <string>

#include "fcis/core/io/file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Parts {
  absl::Status status;
  std::string chosen, rest;
};

// Chooses the picture with id 2.
Parts Split(const std::string& text, BadRecords bad_records) {
  Parts parts;
  parts.status = SplitDataset(
      text, bad_records,
      [](absl::string_view, const RecordId& picture) {
        return picture == RecordId(int64_t{2});
      },
      &parts.chosen, &parts.rest);
  return parts;
}

constexpr char kOdd[] = R"({"images": [{"id":2,"x":NaN}, null, {"id":[2]}, {}],
  "more": {"a": [1, 2]},
  "annotations": [7, {"image_id": 2.0}, {"image_id":"2"}]})";

TEST(SplitDatasetTest, RecordsWithoutAPictureGoToTheRest) {
  const Parts parts = Split(kOdd, BadRecords::kToRest);
  ASSERT_TRUE(parts.status.ok()) << parts.status;
  EXPECT_EQ(parts.chosen,
            R"({"images":[{"id":2,"x":NaN}],"more":{"a": [1, 2]},)"
            R"("annotations":[{"image_id": 2.0}]})");
  EXPECT_EQ(parts.rest,
            R"({"images":[null,{"id":[2]},{}],"more":{"a": [1, 2]},)"
            R"("annotations":[7,{"image_id":"2"}]})");
}

TEST(SplitDatasetTest, OrAreErrorsWithTheirPlace) {
  EXPECT_THAT(Split(kOdd, BadRecords::kRefuse).status.ToString(),
              HasSubstr("images[1]: byte 30: "));
  EXPECT_THAT(
      Split(R"({"images": [], "annotations": [{}]})", BadRecords::kRefuse)
          .status.ToString(),
      HasSubstr("annotations[0]: byte 31: there is no \"image_id\""));
}

TEST(SplitDatasetTest, WhatIsNoCocoFileIsAnError) {
  for (const char* text :
       {"", "[]", "{", R"({"images": []})", R"({"annotations": []})",
        R"({"images": [}, "annotations": []})",
        R"({"images": [], "annotations": []} x)"}) {
    EXPECT_FALSE(Split(text, BadRecords::kToRest).status.ok()) << text;
  }
}

namespace fs = std::filesystem;

// Numbers written in odd ways, white space, unknown keys: all of it is kept.
constexpr char kVal2014[] = R"({"info": {"year": 2014},
  "images": [{"id": 1, "file_name": "COCO_1.jpg", "height": 4, "width": 5},
             {"file_name": "2", "id": 2.0}, {"id":3}],
  "licenses": [ ],
  "annotations": [{"id": 10, "image_id": 2, "bbox": [1e0, 2.50, 3, 4]},
                  {"id": 11, "image_id": 1, "note": "}\u00e9\"],"},
                  {"id": 12, "image_id": 99},
                  {"image_id":2,"id":13}],
  "categories": [{"id": 1, "name": "a"}]})";

class MinivalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = ::testing::TempDir() + "/minival/";
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  absl::Status Split(const std::string& val2014, const std::string& val2017) {
    EXPECT_TRUE(WriteFileAtomic(root_ + "val2014", val2014).ok());
    EXPECT_TRUE(WriteFileAtomic(root_ + "val2017", val2017).ok());
    return SplitMinival2014(root_ + "val2014", root_ + "val2017",
                            root_ + "minival", root_ + "rest");
  }
  std::string Read(const std::string& name) const {
    return ReadFile(root_ + name).value_or("<missing>");
  }
  // Nothing is left but what was there.
  void ExpectNothingWritten() const {
    size_t files = 0;
    for (const auto& entry : fs::directory_iterator(root_)) {
      (void)entry;
      ++files;
    }
    EXPECT_EQ(files, 2u);
  }

  std::string root_;
};

TEST_F(MinivalTest, RecordsKeepTheirTextAndOrder) {
  const absl::Status status =
      Split(kVal2014, R"({"images": [{"id": 2}], "annotations": [{"id": 11,
                 "image_id": 1, "category_id": 1}]})");
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(
      Read("minival"),
      R"({"info":{"year": 2014},"images":[{"file_name": "2", "id": 2.0}],)"
      R"("licenses":[ ],"annotations":[)"
      R"({"id": 10, "image_id": 2, "bbox": [1e0, 2.50, 3, 4]},)"
      R"({"image_id":2,"id":13}],"categories":[{"id": 1, "name": "a"}]})");
  EXPECT_EQ(
      Read("rest"),
      R"({"info":{"year": 2014},"images":[)"
      R"({"id": 1, "file_name": "COCO_1.jpg", "height": 4, "width": 5},)"
      R"({"id":3}],"licenses":[ ],"annotations":[)"
      R"({"id": 11, "image_id": 1, "note": "}\u00e9\"],"},)"
      R"({"id": 12, "image_id": 99}],"categories":[{"id": 1, "name": "a"}]})");
}

TEST_F(MinivalTest, LongFilesComeOutWhole) {
  std::string images, annotations;
  for (int i = 0; i < 40000; ++i) {
    const std::string comma = i == 0 ? "" : ",";
    images += comma + "{\"id\":" + std::to_string(i) + "}";
    annotations += comma + "{\"id\":1,\"image_id\":" + std::to_string(i) +
                   ",\"text\":\"" + std::string(50, 'x') + "\"}";
  }
  const std::string all =
      "{\"images\":[" + images + "],\"annotations\":[" + annotations + "]}";
  ASSERT_TRUE(Split(all, "{\"images\":[" + images + "]}").ok());
  EXPECT_EQ(Read("minival"), all);
  EXPECT_EQ(Read("rest"), "{\"images\":[],\"annotations\":[]}");
}

TEST_F(MinivalTest, PicturesThatAreNotInVal2014AreAnError) {
  const absl::Status status =
      Split(kVal2014, R"({"images": [{"id": 2}, {"id": 77}, {"id": 78}]})");
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("2 of its 3 pictures are not in"),
                    HasSubstr("such as 77")));
  ExpectNothingWritten();
  EXPECT_THAT(Split(kVal2014, R"({"images": []})").ToString(),
              HasSubstr("no picture"));
  ExpectNothingWritten();
}

TEST_F(MinivalTest, BadFilesAreNamedAndLeaveNothing) {
  const std::string chosen = R"({"images": [{"id": 2}]})";
  const char* const cases[][2] = {
      {"{", "val2014: byte 1"},
      {R"({"images": [{"id": 2}]})", "no list \"annotations\""},
      {R"({"annotations": []})", "no list \"images\""},
      {R"({"images": [{"id": 2}, {"name": 3}], "annotations": []})",
       "images[1]: byte 23: there is no \"id\""},
      {R"({"images": [{"id": 2}], "annotations": [3]})", "annotations[0]: "},
      {R"({"images": [{"id": 2}], "annotations": []} 1)", "val2014: byte"},
      {R"({"images": {}, "annotations": []})", "val2014: byte"},
  };
  for (const auto& c : cases) {
    const absl::Status status = Split(c[0], chosen);
    EXPECT_THAT(std::string(status.message()), HasSubstr(c[1])) << c[0];
    ExpectNothingWritten();
  }
  EXPECT_THAT(Split(kVal2014, "[]").ToString(), HasSubstr("val2017"));
  ExpectNothingWritten();
}

}  // namespace
}  // namespace fcis::data
