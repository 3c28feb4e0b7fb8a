#include "fcis/core/base/within.h"

#include <memory>

#include "absl/strings/cord.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

TEST(WithinTest, KeepsCodeAndPayloads) {
  absl::Status error = absl::DataLossError("byte 3: no number");
  error.SetPayload("url", absl::Cord("what"));
  const absl::Status told = Within("[7]", error);
  EXPECT_EQ(told.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(told.message(), "[7]: byte 3: no number");
  EXPECT_EQ(told.GetPayload("url"), absl::Cord("what"));
}

TEST(WithinTest, OkStaysOk) {
  EXPECT_TRUE(Within("a.json", absl::OkStatus()).ok());
}

TEST(WithinTest, PassesValuesOn) {
  absl::StatusOr<std::unique_ptr<int>> value = Within(
      "a.json", absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(3)));
  ASSERT_TRUE(value.ok());
  EXPECT_EQ(**value, 3);
  EXPECT_EQ(
      Within("a.json", absl::StatusOr<int>(absl::NotFoundError("no member")))
          .status(),
      absl::NotFoundError("a.json: no member"));
}

}  // namespace
}  // namespace fcis
