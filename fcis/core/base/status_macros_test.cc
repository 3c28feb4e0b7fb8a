#include "fcis/core/base/status_macros.h"

#include <memory>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"

namespace fcis {
namespace {

absl::StatusOr<std::unique_ptr<int>> Half(int v) {
  if (v % 2 != 0) return absl::InvalidArgumentError("odd");
  return std::make_unique<int>(v / 2);
}

absl::Status Quarter(int v, int* out) {
  ASSIGN_OR_RETURN(std::unique_ptr<int> half, Half(v));
  ASSIGN_OR_RETURN(std::unique_ptr<int> quarter, Half(*half));
  *out = *quarter;
  return absl::OkStatus();
}

absl::Status Both(int a, int b) {
  int unused;
  RETURN_IF_ERROR(Quarter(a, &unused));
  RETURN_IF_ERROR(Quarter(b, &unused));
  return absl::OkStatus();
}

TEST(StatusMacros, AssignsOrReturnsTheError) {
  int out = 0;
  EXPECT_TRUE(Quarter(12, &out).ok());
  EXPECT_EQ(out, 3);
  EXPECT_EQ(Quarter(6, &out).message(), "odd");
  EXPECT_EQ(out, 3);
}

TEST(StatusMacros, ReturnsTheFirstError) {
  EXPECT_TRUE(Both(4, 8).ok());
  EXPECT_FALSE(Both(5, 8).ok());
  EXPECT_FALSE(Both(4, 2).ok());
}

}  // namespace
}  // namespace fcis
