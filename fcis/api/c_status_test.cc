#include "fcis/api/c_status.h"

#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fcis::api {
namespace {

int StatusOf(absl::StatusCode code) {
  return Guarded(nullptr, 0, [&] { return absl::Status(code, "x"); });
}

template <typename Exception>
int Throwing(const Exception& exception, std::string* message) {
  char text[16] = "?";
  const int status =
      Guarded(text, sizeof(text), [&]() -> absl::Status { throw exception; });
  *message = text;
  return status;
}

TEST(Guarded, TellsStatuses) {
  char text[8] = "?";
  EXPECT_EQ(Guarded(text, sizeof(text), [] { return absl::OkStatus(); }),
            FCIS_OK);
  EXPECT_STREQ(text, "");
  const auto missing = [] { return absl::NotFoundError("no such file"); };
  EXPECT_EQ(Guarded(text, sizeof(text), missing), FCIS_NOT_FOUND);
  EXPECT_STREQ(text, "no such");
  EXPECT_EQ(Guarded(text, 0, missing), FCIS_NOT_FOUND);
  EXPECT_EQ(Guarded(nullptr, 9, missing), FCIS_NOT_FOUND);
  EXPECT_STREQ(text, "no such");
  EXPECT_EQ(StatusOf(absl::StatusCode::kInvalidArgument),
            FCIS_INVALID_ARGUMENT);
  EXPECT_EQ(StatusOf(absl::StatusCode::kDataLoss), FCIS_INVALID_ARGUMENT);
  EXPECT_EQ(StatusOf(absl::StatusCode::kUnavailable), FCIS_UNAVAILABLE);
  EXPECT_EQ(StatusOf(absl::StatusCode::kUnimplemented), FCIS_UNIMPLEMENTED);
  EXPECT_EQ(StatusOf(absl::StatusCode::kResourceExhausted), FCIS_OUT_OF_MEMORY);
  EXPECT_EQ(StatusOf(absl::StatusCode::kUnknown), FCIS_INTERNAL);
}

TEST(Guarded, CatchesWhatIsThrown) {
  std::string message;
  EXPECT_EQ(Throwing(std::bad_alloc(), &message), FCIS_OUT_OF_MEMORY);
  EXPECT_EQ(message, "out of memory");
  EXPECT_EQ(Throwing(std::length_error("long"), &message), FCIS_OUT_OF_MEMORY);
  EXPECT_EQ(Throwing(std::runtime_error("broken"), &message), FCIS_INTERNAL);
  EXPECT_EQ(message, "broken");
  EXPECT_EQ(Throwing(7, &message), FCIS_INTERNAL);
}

TEST(CheckArray, NamesWhatIsWrong) {
  const int value = 0;
  EXPECT_TRUE(CheckArray(nullptr, 0, "ids").ok());
  EXPECT_TRUE(CheckArray(&value, (int64_t{1} << 31) - 1, "ids").ok());
  EXPECT_EQ(CheckArray(nullptr, 1, "ids").message(),
            "ids is NULL, expected a pointer");
  for (const int64_t n : {int64_t{-1}, int64_t{1} << 31}) {
    EXPECT_THAT(CheckArray(&value, n, "ids").message(),
                testing::HasSubstr(absl::StrCat("ids: ", n, " entries")));
  }
}

TEST(CopyOut, FillsBuffersThatAreLargeEnough) {
  const std::vector<int> from = {1, 2, 3};
  std::vector<int> to(3, 0);
  size_t needed = 0;
  EXPECT_TRUE(CopyOut<int>(from, static_cast<int*>(nullptr), 0, &needed).ok());
  EXPECT_EQ(needed, 3u);
  EXPECT_EQ(Report(CopyOut<int>(from, to.data(), 2, &needed), nullptr, 0),
            FCIS_BUFFER_TOO_SMALL);
  EXPECT_EQ(to, std::vector<int>(3, 0));
  EXPECT_TRUE(CopyOut<int>(from, to.data(), 3, nullptr).ok());
  EXPECT_EQ(to, from);
}

TEST(CopyText, EndsWithNul) {
  char to[4] = "???";
  size_t needed = 0;
  EXPECT_EQ(Report(CopyText("abcd", to, sizeof(to), &needed), nullptr, 0),
            FCIS_BUFFER_TOO_SMALL);
  EXPECT_STREQ(to, "???");
  EXPECT_EQ(needed, 5u);
  EXPECT_TRUE(CopyText("abc", to, sizeof(to), &needed).ok());
  EXPECT_STREQ(to, "abc");
  EXPECT_EQ(needed, 4u);
}

}  // namespace
}  // namespace fcis::api
