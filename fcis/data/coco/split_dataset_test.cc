#include "fcis/data/coco/split_dataset.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::data {
namespace {

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
      [&](absl::string_view piece) { absl::StrAppend(&parts.chosen, piece); },
      [&](absl::string_view piece) { absl::StrAppend(&parts.rest, piece); });
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

}  // namespace
}  // namespace fcis::data
